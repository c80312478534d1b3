import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { createId } from '../id.ts'

/**
 * Reserves tokens of a wallet for a reference.
 *
 * An amount of 0 places no hold and asks only whether the wallet may spend at all.
 *
 * @throws {Problem} `insufficient_tokens` with `required`, `available` and, when there is one, `debt`.
 */
export async function placeHold(
  tx: Tx,
  input: { walletId: string; reference: string; amount: number; now: Date },
): Promise<void> {
  const { walletId, reference, amount, now } = input
  assert(Number.isSafeInteger(amount) && amount >= 0, 'a hold is a whole amount')
  const [hold] = await tx.query<{ placed: boolean; available: number; debt: number }>(placeHoldSql, [
    walletId,
    createId('hld', now),
    reference,
    amount,
    now,
  ])
  assert(hold, 'a hold is for a wallet that is there')
  if (hold.placed) return
  throw holdRefused({ required: amount, available: hold.available, debt: hold.debt })
}

/** Why a wallet holds no more. Fewer tokens do not help who owes. */
export function holdRefused({
  required,
  available,
  debt,
}: {
  required: number
  available: number
  debt: number
}): Problem {
  return new Problem('insufficient_tokens', {
    required,
    available,
    ...(debt > 0 && {
      debt,
      detail: `A refund took back tokens that had been spent: buy ${debt} tokens to settle that first.`,
    }),
  })
}

const placeHoldSql = `
  select placed, available, debt
  from place_holds(array[current_tenant()], array[$1], array[$2], array[$3], array[$4::bigint], array[$5::timestamptz])`
