import type { Task } from 'graphile-worker'
import type { Deps } from '../deps.ts'
import { doEach } from '../do-each.ts'
import { COUNTED_MS } from '../mail/unconfirmed-addresses.ts'
import { IDEMPOTENCY_HOURS } from './idempotency.ts'

const DAY_MS = 86_400_000
/** In one statement: what piled up while no job ran would not go within the time of one, and then pile up for ever. */
export const FORGET_MAX = 5_000

/**
 * Deletes what nobody may ask for any more: answers kept for a day, sign-ins and links that ended, allowances of past days, counts
 * of messages.
 */
export const forgetOldRowsTask =
  ({ db, clock }: Deps): Task =>
  async () => {
    const now = clock().getTime()
    const forget = (sql: string, keptMs: number) => async () => {
      const before = new Date(now - keptMs)
      for (;;) {
        const [forgotten] = await db.batch.query<{ rows: number }>(sql, [before, FORGET_MAX])
        if ((forgotten?.rows ?? 0) < FORGET_MAX) return
      }
    }
    await doEach([
      forget(forgetAnswersSql, IDEMPOTENCY_HOURS * 3_600_000),
      forget(forgetRefreshTokensSql, 7 * DAY_MS),
      forget(forgetLinksSql, 7 * DAY_MS),
      forget(forgetUnbilledSql, 7 * DAY_MS),
      forget(forgetUnconfirmedMailsSql, COUNTED_MS),
    ])
  }

// By the place of a row, as beats are forgotten: the statement's snapshot keeps it from being given to another, and the age is asked
// again because a place says nothing of a partition.
const inPortions = (table: string, isOld: string, isDead = 'true') => `
  with forgotten as (
    delete from ${table} where ctid = any (array(
      select t.ctid from ${table} t where t.${isOld} < $1 and ${isDead} limit $2)) and ${isOld} < $1
    returning 1
  )
  select count(*) as rows from forgotten`

const forgetAnswersSql = inPortions('idempotency_keys', 'created_at')
const forgetLinksSql = inPortions('mailed_links', 'expires_at')
const forgetUnbilledSql = inPortions('unbilled_time', 'hour')
const forgetUnconfirmedMailsSql = inPortions('unconfirmed_mails', 'sent_at')

// By a revoked token its whole family is dead, also a successor that was written while the revocation ran: it goes last. The last of
// a family is looked up in the index for each, where `not exists` would be planned as one walk through all of them.
const forgetRefreshTokensSql = inPortions(
  'refresh_tokens',
  'expires_at',
  `(t.revoked_at is null or $1 > (
        select f.expires_at from refresh_tokens f
        where f.tenant_id = t.tenant_id and f.family_id = t.family_id
        order by f.expires_at desc limit 1))`,
)
