import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import type { Actor } from '../http/authenticate.ts'
import { createId } from '../id.ts'
import {
  API_KEYS_PER_PROVIDER_MAX,
  createApiKeySecret,
  hashOfSecret,
  type IssuedApiKey,
  mayManageKey,
  type NewApiKey,
} from './api-key.ts'
import { findKeeper, lockApiKey } from './lock-api-key.ts'

/**
 * Makes a key of a provider. The secret is in the result and nowhere else.
 *
 * @throws {Problem} `limit_reached`; `forbidden` where a key would make one that may do more than it may itself
 */
export async function issueApiKey(
  tx: Tx,
  input: { providerId: string; by: Actor; key: NewApiKey; now: Date },
): Promise<IssuedApiKey> {
  const { providerId, by, key, now } = input
  if (!mayManageKey(by, key)) {
    throw new Problem('forbidden', {
      detail: 'A key makes keys of its own mode, with scopes that it has itself.',
    })
  }
  const createdBy = await findKeeper(tx, by, now)
  const secret = createApiKeySecret(key.mode)
  const id = createId('key', now)
  const [issued] = await tx.query<{ id: string }>(issueApiKeySql, [
    id,
    providerId,
    key.name,
    key.scopes,
    key.mode,
    hashOfSecret(secret),
    secret.slice(-4),
    createdBy,
    now,
    API_KEYS_PER_PROVIDER_MAX,
  ])
  if (!issued) {
    throw new Problem('limit_reached', {
      detail: `A provider has ${API_KEYS_PER_PROVIDER_MAX} keys at most: revoke one that is not used.`,
    })
  }
  return { id, name: key.name, scopes: key.scopes, mode: key.mode, secret }
}

// The provider's row is locked by whoever checked its owner, so keys of one provider are counted one at a time.
const issueApiKeySql = `
  insert into api_keys (id, provider_id, name, scopes, mode, secret_hash, secret_ending, created_by, created_at)
  select $1, $2, $3, $4::text[], $5, $6::bytea, $7, $8, $9::timestamptz
  where (
    select count(*) from api_keys
    where provider_id = $2 and revoked_at is null and (expires_at is null or expires_at > $9)
  ) < $10
  returning id`

/**
 * Replaces a key by one with the same name, scopes and mode. The old secret works on until the overlap is over,
 * so that servers can be moved one by one.
 *
 * @throws {Problem} `api_key_not_found`, also for one that is revoked or over; `forbidden` where a key would replace one
 *   that may do more than it may itself
 */
export async function rotateApiKey(
  tx: Tx,
  input: { providerId: string; id: string; overlapHours: number; by: Actor; now: Date },
): Promise<IssuedApiKey> {
  const { providerId, id, overlapHours, by, now } = input
  const old = await lockApiKey(tx, { providerId, id, by, now })
  if (old.revokedAt !== null || (old.expiresAt !== null && old.expiresAt <= now))
    throw new Problem('api_key_not_found')
  const issued = await issueApiKey(tx, { providerId, by, key: old, now })
  const expiresAt = new Date(now.getTime() + overlapHours * 3_600_000)
  const rotated = await tx.query(endByRotationSql, [id, expiresAt, issued.id])
  assert(rotated.length === 1, 'a locked key is still there')
  return issued
}

// A second rotation of the same key never gives it more time.
const endByRotationSql = `
  update api_keys set expires_at = least(coalesce(expires_at, 'infinity'), $2::timestamptz), replaced_by_id = $3
  where id = $1
  returning id`
