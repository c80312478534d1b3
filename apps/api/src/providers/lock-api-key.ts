import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import type { Actor } from '../http/authenticate.ts'
import { API_KEY_COLUMNS, type ApiKeyRow, mayManageKey } from './api-key.ts'

/**
 * A key of a provider for whoever may replace or end it, locked until the end of the transaction; also one that works no more.
 *
 * @throws {Problem} `api_key_not_found`; `forbidden` for a key that reaches for one that may do more than it may itself
 */
export async function lockApiKey(
  tx: Tx,
  { providerId, id, by, now }: { providerId: string; id: string; by: Actor; now: Date },
): Promise<ApiKeyRow> {
  await findKeeper(tx, by, now)
  const [key] = await tx.query<ApiKeyRow>(lockApiKeySql, [id, providerId])
  if (!key) throw new Problem('api_key_not_found')
  if (!mayManageKey(by, key)) {
    throw new Problem('forbidden', {
      detail: 'A key replaces and revokes keys of its own mode that have no scope it lacks.',
    })
  }
  return key
}

const lockApiKeySql = `select ${API_KEY_COLUMNS} from api_keys where id = $1 and provider_id = $2 for update`

/**
 * Who answers for what is done with keys: a person, also where a key does it that they made. A key that was revoked while its
 * request waited for the provider's row does nothing any more, and one that was replaced leaves it to its successor: what ends
 * soon must not make what stays.
 *
 * @throws {Problem} `unauthenticated`, `forbidden`
 */
export async function findKeeper(tx: Tx, by: Actor, now: Date): Promise<string> {
  if (by.kind === 'user') return by.userId
  assert(by.kind === 'key', 'keys are managed by people and by keys')
  const [key] = await tx.query<{ createdBy: string; expiresAt: Date | null }>(findKeeperSql, [by.keyId, now])
  if (!key) throw new Problem('unauthenticated')
  if (key.expiresAt !== null)
    throw new Problem('forbidden', { detail: 'This API key was replaced: use its successor.' })
  return key.createdBy
}

const findKeeperSql = `
  select created_by as "createdBy", expires_at as "expiresAt" from api_keys
  where id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)`
