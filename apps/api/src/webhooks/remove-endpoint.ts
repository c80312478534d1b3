import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'

/**
 * Ends an endpoint: from this commit on nothing is sent to it. Its deliveries are deleted by a job, because there
 * may be many.
 *
 * @throws {Problem} `webhook_endpoint_not_found`
 */
export async function removeEndpoint(
  tx: Tx,
  { providerId, id, now }: { providerId: string; id: string; now: Date },
): Promise<void> {
  const rows = await tx.query(removeEndpointSql, [providerId, id, now])
  if (rows.length === 0) throw new Problem('webhook_endpoint_not_found')
}

const removeEndpointSql = `
  update webhook_endpoints set
    deleted_at = $3, updated_at = $3, status = 'disabled', disabled_because = 'deleted'
  where provider_id = $1 and id = $2 and deleted_at is null
  returning id`
