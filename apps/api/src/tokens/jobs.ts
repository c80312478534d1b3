import type { Task } from 'graphile-worker'
import type { Deps } from '../deps.ts'
import { enqueue } from '../jobs.ts'
import type { Mailer } from '../mail/mail.ts'
import { renderMessage } from '../mail/render-message.ts'
import { createCheckout } from './create-checkout.ts'
import { describeTokens } from './purchase.ts'
import { BEGINNING, receiveUndeliveredEvents } from './receive-undelivered-events.ts'
import { reconcilePurchases } from './reconcile-purchases.ts'

export const LOW_BALANCE_MAIL_TASK = 'send-low-balance-mail'
const NOTICES_MAX = 500

/** Finds payments whose events never came. */
export const reconcilePurchasesTask = (deps: Deps): Task => {
  const checkout = createCheckout(deps)
  return (_payload, { abortSignal }) => reconcilePurchases(deps, checkout, abortSignal)
}

/** Finds what Stripe could not deliver. */
export const receiveUndeliveredEventsTask = (deps: Deps): Task => {
  const checkout = createCheckout(deps)
  // Known to this process alone: one that starts looks at all that Stripe keeps, which costs a call where little is listed.
  let progress = BEGINNING
  return async (_payload, { abortSignal }) => {
    progress = await receiveUndeliveredEvents(deps, checkout, { ...progress, abortSignal })
  }
}

/**
 * Finds who wanted to know that few tokens are left, once per fall below the threshold. A job looks now and then, so
 * that opening and ending sessions pay nothing for it.
 */
export const noticeLowBalancesTask =
  ({ db, clock }: Pick<Deps, 'db' | 'clock'>): Task =>
  async () => {
    await db.batch.query(riseSql)
    for (;;) {
      const fallen = await db.inBatch(async (tx) => {
        const rows = await tx.query<{ tenantId: string; userId: string }>(fallSql, [clock(), NOTICES_MAX])
        for (const row of rows) await enqueue(tx, LOW_BALANCE_MAIL_TASK, row)
        return rows.length
      })
      if (fallen < NOTICES_MAX) return
    }
  }

/** Says how many are left when it is sent; says nothing if that is enough by then. */
export const sendLowBalanceMailTask =
  ({ db, config }: Pick<Deps, 'db' | 'config'>, mailer: Mailer): Task =>
  async (payload) => {
    const { tenantId, userId } = payload as { tenantId: string; userId: string }
    const [found] = await db.inTenant(tenantId, (tx) =>
      tx.query<{ email: string; name: string | null; left: number; threshold: number }>(findSql, [userId]),
    )
    if (!found) return
    await mailer.send(
      renderMessage({
        to: found.email,
        name: found.name,
        subject: 'Few tokens are left',
        paragraphs: [
          `you have ${describeTokens(found.left)} left, fewer than the ${describeTokens(found.threshold)} you wanted to hear of.`,
        ],
        link: { url: `${config.marketplaceUrl}/#/tokens`, label: 'Buy tokens' },
      }),
    )
  }

// `posted` and not what is free to spend: what sessions hold mostly comes back, and must not ring the bell.
const fallSql = `
  with fallen as (
    select l.tenant_id, l.user_id
    from spending_limits l join wallets w on w.tenant_id = l.tenant_id and w.id = l.user_id
    where l.low_balance_tokens is not null and l.low_balance_noticed_at is null and w.posted < l.low_balance_tokens
    order by l.tenant_id, l.user_id
    limit $2
    for update of l skip locked
  )
  update spending_limits l set low_balance_noticed_at = $1 from fallen f
  where l.tenant_id = f.tenant_id and l.user_id = f.user_id
  returning l.tenant_id as "tenantId", l.user_id as "userId"`

const riseSql = `
  update spending_limits l set low_balance_noticed_at = null
  from wallets w
  where w.tenant_id = l.tenant_id and w.id = l.user_id
    and l.low_balance_noticed_at is not null and w.posted >= l.low_balance_tokens`

const findSql = `
  select u.email, case when u.email_verified_at is not null then u.display_name end as name, w.posted as left,
    l.low_balance_tokens as threshold
  from users u
  join wallets w on w.id = u.id
  join spending_limits l on l.user_id = u.id
  where u.id = $1 and u.deleted_at is null and w.posted < l.low_balance_tokens`
