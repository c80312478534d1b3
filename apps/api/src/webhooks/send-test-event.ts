import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { createId } from '../id.ts'
import type { DeliveryRow } from './delivery.ts'
import { TEST_EVENT } from './event.ts'
import { getDelivery } from './replay-delivery.ts'

/** An event for one endpoint alone, so that its owner sees whether it is reached and verifies. */
export async function sendTestEvent(
  tx: Tx,
  { providerId, endpointId, now }: { providerId: string; endpointId: string; now: Date },
): Promise<DeliveryRow> {
  const id = createId('dlv', now)
  const rows = await tx.query(sendTestEventSql, [
    createId('evt', now),
    TEST_EVENT,
    providerId,
    JSON.stringify({ endpointId, message: 'It works. This event stands for nothing that happened.' }),
    now,
    id,
    endpointId,
  ])
  assert(rows.length === 1, 'a test event has one delivery')
  return getDelivery(tx, { endpointId, id })
}

const sendTestEventSql = `
  with written as (
    insert into events (id, type, provider_id, sequence, snapshot, created_at)
    values ($1, $2, $3, 1, $4::json, $5)
    returning id
  )
  insert into webhook_deliveries (id, endpoint_id, event_id, next_attempt_at, created_at)
  select $6, $7, id, $5, $5 from written
  returning id`
