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
  captured: number
  released: number
  fee: number
}

/**
 * Turns part of the holds of each reference into a charge, oldest hold first, and releases the rest.
 *
 * Wallets are locked in the order of their ids, so batches and single captures may race. References whose holds are
 * resolved already change nothing and have no capture, so a completion, an expiry and the sweeper may race, too.
 */
export async function captureHolds(tx: Tx, captures: readonly NewCapture[]): Promise<Map<string, Capture>> {
  for (const { amount } of captures)
    assert(Number.isSafeInteger(amount) && amount >= 0, 'a capture is a whole amount')
  const references = captures.map((capture) => capture.reference)
  assert(new Set(references).size === references.length, 'a batch captures each reference once')
  if (captures.length === 0) return new Map()
  const rows = await tx.query<Capture & { reference: string }>(captureHoldsSql, [
    captures.map((capture) => capture.tenantId),
    references,
    captures.map((capture) => capture.amount),
    captures.map((capture) => capture.providerId),
    captures.map((capture) => capture.feeBasisPoints),
    captures.map((capture) => capture.description),
    captures.map(({ now }) => createId('trf', now)),
    captures.map(({ now }) => createId('trf', now)),
    captures.map(({ now }) => createId('trf', now)),
    captures.map((capture) => capture.now),
  ])
  return new Map(rows.map(({ reference, ...capture }) => [reference, capture]))
}

const captureHoldsSql = `
  select reference, captured, released, fee
  from capture_holds($1::text[], $2::text[], $3::bigint[], $4::text[], $5::int[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::timestamptz[])`
