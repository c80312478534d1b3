import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import {
  ENDPOINT_COLUMNS,
  type EndpointRow,
  type IssuedEndpoint,
  presentEndpoint,
  sealSecret,
} from './endpoint.ts'
import { createSecret, createSigningKey } from './signature.ts'

/**
 * A new secret, and a new ed25519 key where there was one. The ones before sign, too, until the overlap is over, so
 * that receivers can be moved one by one. There are never more than two: a second rotation drops the oldest.
 *
 * @throws {Problem} `webhook_endpoint_not_found`
 */
export async function rotateSecret(
  tx: Tx,
  input: { providerId: string; id: string; overlapHours: number; keyEncryptionKey: Buffer; now: Date },
): Promise<IssuedEndpoint> {
  const { providerId, id, overlapHours, keyEncryptionKey, now } = input
  const secret = createSecret()
  const signing = createSigningKey()
  const [row] = await tx.query<EndpointRow>(rotateSecretSql, [
    providerId,
    id,
    sealSecret(keyEncryptionKey, id, secret),
    sealSecret(keyEncryptionKey, id, signing.privateKey),
    signing.publicKey,
    new Date(now.getTime() + overlapHours * 3_600_000),
    now,
  ])
  if (!row) throw new Problem('webhook_endpoint_not_found')
  return { ...presentEndpoint(row, now), secret }
}

const rotateSecretSql = `
  update webhook_endpoints set
    previous_secret_sealed = secret_sealed, secret_sealed = $3,
    previous_signing_key_sealed = signing_key_sealed,
    signing_key_sealed = case when signing_key_sealed is null then null else $4::bytea end,
    public_key = case when signing_key_sealed is null then null else $5 end,
    previous_secret_until = $6, updated_at = $7
  where provider_id = $1 and id = $2 and deleted_at is null
  returning ${ENDPOINT_COLUMNS}`
