import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { createId } from '../id.ts'
import {
  ENDPOINT_COLUMNS,
  ENDPOINTS_PER_PROVIDER_MAX,
  type EndpointRow,
  type IssuedEndpoint,
  type NewEndpoint,
  presentEndpoint,
  sealSecret,
} from './endpoint.ts'
import { createSecret, createSigningKey } from './signature.ts'

/**
 * Makes an endpoint of a provider. The secret is in the result and, sealed, in the database.
 *
 * @throws {Problem} `limit_reached`
 */
export async function createEndpoint(
  tx: Tx,
  input: { providerId: string; endpoint: NewEndpoint; keyEncryptionKey: Buffer; now: Date },
): Promise<IssuedEndpoint> {
  const { providerId, endpoint, keyEncryptionKey, now } = input
  const id = createId('whe', now)
  const secret = createSecret()
  const signing = endpoint.asymmetric ? createSigningKey() : undefined
  const [created] = await tx.query<EndpointRow>(createEndpointSql, [
    id,
    providerId,
    endpoint.url,
    endpoint.events,
    sealSecret(keyEncryptionKey, id, secret),
    signing ? sealSecret(keyEncryptionKey, id, signing.privateKey) : null,
    signing?.publicKey ?? null,
    now,
    ENDPOINTS_PER_PROVIDER_MAX,
  ])
  if (!created) {
    throw new Problem('limit_reached', {
      detail: `A provider has ${ENDPOINTS_PER_PROVIDER_MAX} webhook endpoints at most: delete one that is not used.`,
    })
  }
  return { ...presentEndpoint(created, now), secret }
}

// The provider's row is locked by whoever checked its owner, so endpoints of one provider are counted one at a time.
const createEndpointSql = `
  insert into webhook_endpoints (
    id, provider_id, url, events, status, secret_sealed, signing_key_sealed, public_key, created_at, updated_at
  )
  select $1, $2, $3, $4::text[], 'enabled', $5::bytea, $6::bytea, $7, $8::timestamptz, $8::timestamptz
  where (select count(*) from webhook_endpoints where provider_id = $2 and deleted_at is null) < $9
  returning ${ENDPOINT_COLUMNS}`
