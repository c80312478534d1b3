import type { Tx } from '../db.ts'
import { PAYOUT_COLUMNS, type PayoutRow } from './earnings.ts'

interface Page {
  status: PayoutRow['status'] | undefined
  before: string | undefined
  limit: number
}

/** A provider's payouts, newest first, those before `before` only; of all providers when none is named. */
export function listPayouts(
  tx: Tx,
  { providerId, status, before, limit }: Page & { providerId: string | undefined },
): Promise<PayoutRow[]> {
  return tx.query<PayoutRow>(listSql, [providerId ?? null, status ?? null, before ?? null, limit])
}

const listSql = `
  select ${PAYOUT_COLUMNS} from payouts
  where ($1::text is null or provider_id = $1) and ($2::text is null or status = $2) and ($3::text is null or id < $3)
  order by id desc
  limit $4`
