import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'

export interface Balance {
  /** What can be spent now. */
  available: number
  /** Reserved for sessions that run. */
  held: number
  total: number
  /** Owed after a refund of tokens that had been spent. */
  debt: number
}

/**
 * The one place that says what a wallet has: shown, enforced and alerted on are the same columns, and
 * `place_holds` compares with this very difference.
 */
export async function getBalance(tx: Tx, walletId: string): Promise<Balance> {
  const [wallet] = await tx.query<Balance>(getBalanceSql, [walletId])
  assert(wallet, 'every user has a wallet')
  return wallet
}

const getBalanceSql = `
  select posted - held as available, held, posted as total, debt
  from wallets where id = $1`
