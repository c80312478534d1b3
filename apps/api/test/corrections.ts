/**
 * Corrections, as the owner of the tables makes them by hand: nobody else may.
 *
 * @module
 */
import { createId } from '../src/id.ts'
import { connectAs } from './database.ts'
import type { TestApi } from './harness.ts'

/** Runs statements as one transaction, each with an id of its own in `$2` and the time in `$3`. */
async function asOwner({ clock, databaseUrl }: TestApi, of: string, statements: string[]): Promise<void> {
  const owner = await connectAs(databaseUrl)
  await owner.query('begin')
  for (const sql of statements) await owner.query(sql, [of, createId('trf', clock.now()), clock.now()])
  await owner.query('commit')
  await owner.end()
}

/** Takes back the charge of a session, with the wallet's row in the same transaction, and the fee of it. */
export const correct = (api: TestApi, sessionId: string): Promise<void> =>
  asOwner(api, sessionId, [
    `with w as (
       update wallets w set posted = posted + t.amount, sequence = sequence + 1
       from transfers t where t.session_id = $1 and t.kind = 'charge' and w.id = t.debit_account_id
       returning w.posted, w.sequence
     )
     insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, credit_sequence, credit_balance_after,
       reverses_id, description, created_at)
     select tenant_id, $2, 'correction', credit_account_id, debit_account_id, amount, w.sequence, w.posted, id, 'Wrong', $3
     from transfers, w where session_id = $1 and kind = 'charge'`,
    `insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, reverses_id, description, created_at)
     select tenant_id, $2, 'correction', credit_account_id, debit_account_id, amount, id, 'Wrong', $3
     from transfers where session_id = $1 and kind = 'fee'`,
  ])

/** The same for the two corrections themselves. */
export const takeBackCorrection = (api: TestApi, sessionId: string): Promise<void> =>
  asOwner(api, sessionId, [
    `with o as (
       select c.* from transfers c join transfers t on t.id = c.reverses_id where t.session_id = $1 and t.kind = 'charge'
     ), w as (
       update wallets w set posted = posted - o.amount, sequence = w.sequence + 1
       from o where w.id = o.credit_account_id
       returning w.posted, w.sequence
     )
     insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, debit_sequence, debit_balance_after,
       reverses_id, description, created_at)
     select o.tenant_id, $2, 'correction', o.credit_account_id, o.debit_account_id, o.amount, w.sequence, w.posted, o.id, 'Right', $3
     from o, w`,
    `insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, reverses_id, description, created_at)
     select c.tenant_id, $2, 'correction', c.credit_account_id, c.debit_account_id, c.amount, c.id, 'Right', $3
     from transfers c join transfers t on t.id = c.reverses_id where t.session_id = $1 and t.kind = 'fee'`,
  ])

/** A payout of a provider that came back from the bank: the last one that did not yet. */
export const bringBack = (api: TestApi, providerId: string): Promise<void> =>
  asOwner(api, providerId, [
    `insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, reverses_id, description, created_at)
     select tenant_id, $2, 'correction', credit_account_id, debit_account_id, amount, id, 'No such account', $3
     from transfers p where kind = 'payout' and debit_account_id = $1
       and not exists (select from transfers c where c.reverses_id = p.id)
     order by id desc limit 1`,
  ])
