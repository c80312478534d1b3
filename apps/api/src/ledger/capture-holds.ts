import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { createId } from '../id.ts'

export interface NewCapture {
  tenantId: string
  reference: string
  amount: number
  providerId: string
  feeBasisPoints: number
  description: string
  now: Date
}

export interface Capture {
  /** False: somebody else resolved these holds before; nothing was changed. */
  resolved: boolean
  captured: number
  released: number
  fee: number
}

/**
 * Turns part of the holds of each reference into a charge, oldest hold first, and releases the rest.
 *
 * A batch calls the same function once per item, in the order of wallets, so single calls and batches lock alike.
 * References whose holds are resolved already change nothing, so a completion, an expiry and the sweeper may race.
 */
export async function captureHolds(tx: Tx, captures: readonly NewCapture[]): Promise<Map<string, Capture>> {
  for (const { amount } of captures)
    assert(Number.isSafeInteger(amount) && amount >= 0, 'a capture is a whole amount')
  if (captures.length === 0) return new Map()
  const rows = await tx.query<Capture & { reference: string }>(captureHoldsSql, [
    captures.map((capture) => capture.tenantId),
    captures.map((capture) => capture.reference),
    captures.map((capture) => capture.amount),
    captures.map((capture) => capture.providerId),
    captures.map((capture) => capture.feeBasisPoints),
    captures.map((capture) => capture.description),
    captures.map(({ now }) => [createId('trf', now), createId('trf', now), createId('trf', now)].join(',')),
    captures.map((capture) => capture.now),
  ])
  return new Map(rows.map(({ reference, ...capture }) => [reference, capture]))
}

// The sort makes every batch lock wallets in one order. `offset 0` keeps the planner from pulling the calls below it.
const captureHoldsSql = `
  select i.reference, c.resolved, c.captured, c.released, c.fee
  from (
    select i.*
    from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::int[], $6::text[], $7::text[], $8::timestamptz[])
      as i (tenant_id, reference, amount, provider_id, fee_basis_points, description, transfer_ids, at)
    left join lateral (
      select h.wallet_id from holds h where h.tenant_id = i.tenant_id and h.reference = i.reference limit 1
    ) w on true
    order by i.tenant_id, w.wallet_id, i.reference
    offset 0
  ) i
  cross join lateral capture_holds(
    i.tenant_id, i.reference, i.amount, i.provider_id, i.fee_basis_points, i.description,
    string_to_array(i.transfer_ids, ','), i.at
  ) c`
