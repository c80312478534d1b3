import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { DELIVERY_COLUMNS, type DeliveryRow } from './delivery.ts'

/**
 * Sends an event again, with the whole schedule before it; attempts go on counting. `webhook-id` stays, so a receiver
 * that has it knows.
 *
 * @throws {Problem} `webhook_delivery_not_found`
 */
export async function replayDelivery(
  tx: Tx,
  { endpointId, id, now }: { endpointId: string; id: string; now: Date },
): Promise<DeliveryRow> {
  const moved = await tx.query(requeueSql, [endpointId, id, now])
  if (moved.length === 0) throw new Problem('webhook_delivery_not_found')
  return getDelivery(tx, { endpointId, id })
}

/** @throws {Problem} `webhook_delivery_not_found` */
export async function getDelivery(
  tx: Tx,
  { endpointId, id }: { endpointId: string; id: string },
): Promise<DeliveryRow> {
  const [row] = await tx.query<DeliveryRow>(getSql, [endpointId, id])
  if (!row) throw new Problem('webhook_delivery_not_found')
  return row
}

// One that is being sent at this moment keeps its lease, and is sent again when that is over.
const requeueSql = `
  update webhook_deliveries d set
    status = 'pending', tries = 0,
    next_attempt_at = case when d.claimed_until > $3 then d.claimed_until else $3 end
  where d.endpoint_id = $1 and d.id = $2
  returning d.id`

const getSql = `
  select ${DELIVERY_COLUMNS}
  from webhook_deliveries d join events e on e.tenant_id = d.tenant_id and e.id = d.event_id
  where d.endpoint_id = $1 and d.id = $2`
