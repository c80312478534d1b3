import type { Tx } from '../db.ts'
import { DELIVERY_COLUMNS, type DeliveryRow } from './delivery.ts'

/** What was sent to an endpoint or is about to be, newest first, those before `before` only. */
export function listDeliveries(
  tx: Tx,
  input: {
    endpointId: string
    status: DeliveryRow['status'] | undefined
    before: string | undefined
    limit: number
  },
): Promise<DeliveryRow[]> {
  const { endpointId, status, before, limit } = input
  return tx.query<DeliveryRow>(listDeliveriesSql, [endpointId, status ?? null, before ?? null, limit])
}

const listDeliveriesSql = `
  select ${DELIVERY_COLUMNS}
  from webhook_deliveries d join events e on e.tenant_id = d.tenant_id and e.id = d.event_id
  where d.endpoint_id = $1 and ($2::text is null or d.status = $2) and ($3::text is null or d.id < $3)
  order by d.id desc
  limit $4`
