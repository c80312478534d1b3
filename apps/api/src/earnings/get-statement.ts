import { sumSettled } from '../analytics/activity.ts'
import { FIRST_INSTANT } from '../analytics/analytics.ts'
import type { Range } from '../analytics/range.ts'
import type { Tx } from '../db.ts'
import { idFloor } from '../id.ts'
import { PAYOUT_COLUMNS, type PayoutRow, presentPayout, type Statement } from './earnings.ts'

/** What came in and went out in a period, and what stood before and after. */
export async function getStatement(
  tx: Tx,
  { providerId, range }: { providerId: string; range: Range },
): Promise<Statement> {
  const { from, to, timeZone } = range
  const before = await sumSettled(tx, { providerId, from: FIRST_INSTANT, to: from })
  const { gross, fee, refunded, usedMs } = await sumSettled(tx, { providerId, from, to })
  const payouts = await tx.query<PayoutRow>(paidSql, [providerId, from, to])
  const [paid] = await tx.query<{ before: number }>(paidBeforeSql, [providerId, from])
  const [charged] = await tx.query<{ sessions: number }>(chargedSql, [
    providerId,
    idFloor('evt', from),
    idFloor('evt', to),
  ])
  const openingBalance = before.gross - before.fee - before.refunded - (paid?.before ?? 0)
  const net = gross - fee
  const paidOut = payouts.reduce((sum, { amount }) => sum + amount, 0)
  return {
    providerId,
    from: from.toISOString(),
    to: to.toISOString(),
    timeZone,
    openingBalance,
    sessions: charged?.sessions ?? 0,
    minutes: Math.round(usedMs / 60) / 1000,
    gross,
    fee,
    net,
    refunded,
    paidOut,
    closingBalance: openingBalance + net - refunded - paidOut,
    payouts: payouts.map(presentPayout),
  }
}

const paidSql = `
  select ${PAYOUT_COLUMNS} from payouts
  where provider_id = $1 and status = 'paid' and settled_at >= $2 and settled_at < $3
  order by settled_at, id`

const paidBeforeSql = `
  select coalesce(sum(amount), 0) as before from payouts
  where provider_id = $1 and status = 'paid' and settled_at < $2`

const chargedSql = `
  select count(*) as sessions from events
  where provider_id = $1 and id >= $2 and id < $3 and type = 'earnings.posted'`
