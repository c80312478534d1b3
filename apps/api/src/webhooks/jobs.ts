import type { Task } from 'graphile-worker'
import type { Deps } from '../deps.ts'
import { idFloor } from '../id.ts'
import { createOutgoing } from '../outgoing.ts'
import { createCourier } from './courier.ts'
import { DELIVERIES_KEPT_DAYS } from './delivery.ts'

const LOOK_EVERY_MS = 500
/** How long a stop waits for what is under way; the rest is sent again when its lease is over. */
const STOP_MS_MAX = 3_000
const DELETE_MAX = 5_000

/** Delivers on this instance; instances share the work. @returns what stops it. */
export function startCourier(deps: Deps): () => Promise<void> {
  const outgoing = createOutgoing(deps.config)
  const courier = createCourier(deps, { outgoing })
  const timer = setInterval(() => {
    courier.deliverDue().catch((error: Error) => deps.log.warn({ err: error }, 'deliveries not claimed'))
  }, LOOK_EVERY_MS)
  return async () => {
    clearInterval(timer)
    courier.stop()
    let patience: NodeJS.Timeout | undefined
    await Promise.race([
      courier.settled(),
      new Promise((resolve) => {
        patience = setTimeout(resolve, STOP_MS_MAX)
      }),
    ])
    clearTimeout(patience)
    await outgoing.end()
    await courier.settled()
  }
}

/** Deletes deliveries nobody may ask for any more, and what is left of deleted endpoints; some thousand at a time. */
export const forgetWebhookDeliveriesTask =
  ({ db, clock }: Deps): Task =>
  async () => {
    const before = new Date(clock().getTime() - DELIVERIES_KEPT_DAYS * 86_400_000)
    for (;;) {
      const rows = await db.batch.query(forgetSql, [idFloor('dlv', before), DELETE_MAX])
      if (rows.length < DELETE_MAX) break
    }
    await db.batch.query(forgetEndpointsSql)
  }

// Ids begin with the time of their event, so the primary key finds the old ones of each tenant.
const forgetSql = `
  with old as materialized (
    (select d.tenant_id, d.id from tenants t join webhook_deliveries d on d.tenant_id = t.id
     where d.id < $1 and d.status <> 'pending' limit $2)
    union all
    (select d.tenant_id, d.id
     from webhook_endpoints w join webhook_deliveries d on d.tenant_id = w.tenant_id and d.endpoint_id = w.id
     where w.deleted_at is not null limit $2)
  ), attempts as (
    delete from webhook_attempts a using old where a.tenant_id = old.tenant_id and a.delivery_id = old.id
  )
  delete from webhook_deliveries d using (select * from old limit $2) old
  where d.tenant_id = old.tenant_id and d.id = old.id
  returning d.id`

const forgetEndpointsSql = `
  delete from webhook_endpoints w
  where w.deleted_at is not null
    and not exists (select from webhook_deliveries d where d.tenant_id = w.tenant_id and d.endpoint_id = w.id)
  returning w.id`
