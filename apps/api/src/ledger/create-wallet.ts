import type { Tx } from '../db.ts'

/** An empty wallet, named like the user it belongs to. */
export async function createWallet(tx: Tx, userId: string): Promise<void> {
  await tx.query('insert into wallets (id) values ($1)', [userId])
}
