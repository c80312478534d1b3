import type { Task } from 'graphile-worker'
import type { Deps } from '../deps.ts'
import { idFloor } from '../id.ts'
import type { Mailer } from '../mail/mail.ts'
import { renderMessage } from '../mail/render-message.ts'
import { createOutgoing } from '../outgoing.ts'
import { toldSql } from '../providers/provider-mail.ts'
import { createCourier } from './courier.ts'
import { DELIVERIES_KEPT_DAYS } from './delivery.ts'
import type { DisabledEndpoint, DisabledMail } from './record-attempt.ts'

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

const WHY: Record<DisabledEndpoint['because'], string> = {
  gone: 'it answered 410 Gone',
  failing: 'it has not answered well for five days',
}

/** Says nothing when the endpoint works again by then, and nothing to who left the team. */
export const sendDisabledMailTask =
  ({ db, config }: Pick<Deps, 'db' | 'config'>, mailer: Mailer): Task =>
  async (payload) => {
    const { tenantId, endpointId, userId, because } = payload as DisabledMail
    const [found] = await db.inTenant(tenantId, (tx) =>
      tx.query<{ email: string; name: string | null; provider: string; url: string; isVerified: boolean }>(
        findToldSql,
        [endpointId, because, userId],
      ),
    )
    if (!found) return
    // What follows a question mark may be a credential. To an address that nobody confirmed both are a stranger's text.
    const endpoint = found.isVerified
      ? `the webhook endpoint ${found.url.split('?', 1)[0]} of ${found.provider}`
      : 'a webhook endpoint of your app'
    await mailer.send(
      renderMessage({
        to: found.email,
        name: found.name,
        subject: 'A webhook endpoint was disabled',
        paragraphs: [
          `${endpoint} is disabled, because ${WHY[because]}. Nothing is sent to it any more.`,
          'When it works again, enable it; what waited is sent then, and a replay brings what happened meanwhile.',
        ],
        link: { url: `${config.publicUrl}/dashboard`, label: 'Open the dashboard' },
      }),
    )
  }

const findToldSql = `
  select u.email, case when u.email_verified_at is not null then u.display_name end as name, p.name as provider, w.url,
    u.email_verified_at is not null as "isVerified"
  from webhook_endpoints w
  join providers p on p.tenant_id = w.tenant_id and p.id = w.provider_id
  join (${toldSql}) t on t.tenant_id = p.tenant_id and t.provider_id = p.id
  join users u on u.tenant_id = t.tenant_id and u.id = t.user_id
  where w.id = $1 and w.disabled_because = $2 and u.id = $3 and u.deleted_at is null`

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
