import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { ENDPOINT_COLUMNS, type EndpointChange, type EndpointRow, sealSecret } from './endpoint.ts'
import { createSigningKey } from './signature.ts'

/**
 * Changes what is sent; the rest stays. Enabling forgets the failures before, and what waited is sent at once.
 *
 * @throws {Problem} `webhook_endpoint_not_found`
 */
export async function changeEndpoint(
  tx: Tx,
  input: { providerId: string; id: string; change: EndpointChange; keyEncryptionKey: Buffer; now: Date },
): Promise<EndpointRow> {
  const { providerId, id, change, keyEncryptionKey, now } = input
  const { url, events, status, asymmetric } = change
  const signing = asymmetric ? createSigningKey() : undefined
  const [row] = await tx.query<EndpointRow>(changeEndpointSql, [
    providerId,
    id,
    url ?? null,
    events ?? null,
    status ?? null,
    asymmetric ?? null,
    signing ? sealSecret(keyEncryptionKey, id, signing.privateKey) : null,
    signing?.publicKey ?? null,
    now,
  ])
  if (!row) throw new Problem('webhook_endpoint_not_found')
  return row
}

// A key that is there already is kept: receivers have its public half. What waited for a later attempt is due when it is enabled
// again; what is under way keeps its lease. The provider's row is locked, so no other call changes it meanwhile.
const changeEndpointSql = `
  with enabled as (
    select tenant_id, id from webhook_endpoints
    where provider_id = $1 and id = $2 and deleted_at is null and status = 'disabled' and $5 = 'enabled'
  ), woken as (
    update webhook_deliveries d set next_attempt_at = $9
    from enabled e
    where d.tenant_id = e.tenant_id and d.endpoint_id = e.id and d.status = 'pending' and d.next_attempt_at > $9
      and (d.claimed_until is null or d.claimed_until <= $9)
  )
  update webhook_endpoints set
    url = coalesce($3, url),
    events = coalesce($4::text[], events),
    disabled_because = case
      when $5 = 'enabled' then null
      when $5 = 'disabled' then coalesce(disabled_because, 'owner')
      else disabled_because end,
    failing_since = case
      when $5 = 'enabled' and status = 'disabled' or $3 <> url then null else failing_since end,
    status = coalesce($5, status),
    signing_key_sealed = case $6::boolean
      when true then coalesce(signing_key_sealed, $7::bytea) when false then null else signing_key_sealed end,
    public_key = case $6::boolean when true then coalesce(public_key, $8) when false then null else public_key end,
    previous_signing_key_sealed = case when $6::boolean is false then null else previous_signing_key_sealed end,
    updated_at = $9
  where provider_id = $1 and id = $2 and deleted_at is null
  returning ${ENDPOINT_COLUMNS}`
