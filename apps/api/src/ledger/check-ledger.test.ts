/**
 * Every rule of the proof notices what it is there for, planted past triggers and privileges, and is the one that names it.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectAs, type OwnConnection } from '../../test/database.ts'
import { startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, openSession } from '../../test/play.ts'
import { beginPurchase, completed, paymentOf, refunded, sendEvent } from '../../test/stripe-events.ts'
import { rollUpAccounts } from './account-balance.ts'
import { checkLedger } from './check-ledger.ts'

let api: TestApi
let owner: OwnConnection
let charged: string
let open: string

beforeAll(async () => {
  api = await startTestApi()
  const market = await createMarket(api, { tokens: 1_000 })
  const over = await openSession(market)
  await over.use(120)
  await over.call('complete')
  charged = over.sessionId
  open = (await openSession(market)).sessionId
  const payment = paymentOf(await beginPurchase(api, market.user.token, 100))
  for (const event of [completed(payment), refunded(payment, 25)]) await sendEvent(api, event)
  owner = await connectAs(api.databaseUrl)
  // What other test files are writing on the same server holds the watermark back, for as long as it lasts.
  for (let accounts = 0; accounts === 0; ) accounts = await api.deps.db.inBatch(rollUpAccounts)
})
afterAll(async () => {
  await owner.end()
  await api.close()
})

/** The rules that find something wrong after a statement, which is taken back. */
async function rulesAfter(sql: string): Promise<string[]> {
  await owner.query('begin')
  try {
    await owner.query('set local session_replication_role = replica')
    await owner.query(sql)
    const { findings } = await checkLedger(owner)
    return [...new Set(findings.map(({ rule }) => rule))].sort()
  } finally {
    await owner.query('rollback')
  }
}

const EQUALS = 'a wallet equals the sum of its transfers'
const HOLDS = 'a wallet holds what its open holds say'
const OWES = 'a wallet owes what its debt account says'
const FOLLOW = 'running balances follow from one another, without a gap'
const CAPTURED = 'captured is what the session was charged'
const OLDEST = 'the holds of a reference are captured oldest first'
const BEHIND = 'a charge has a hold behind it'
const FEE = 'a fee never exceeds its charge'
const TIME = 'a session is charged for its time, at its price'
const SHARE = 'a charge is paid by the user to the provider, less the share of the platform'
const TWICE = 'no reference is charged twice'
const REVERSAL = 'a reversal never exceeds what it reverses'
const BOUGHT = 'a purchase is credited once, and what was taken back of it is what it says'
const ROLLED = 'a roll-up equals the transfers behind its watermark'
const ENDED = 'an ended session holds nothing, a paid one was charged what it says'

const second = (kind: string, { reverses = 'null', amount = 'amount' } = {}) =>
  `insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, session_id, reverses_id, description, created_at)
   select tenant_id, 'trf_x', '${kind}', 'platform_fee', 'payouts', ${amount}, session_id, ${reverses}, 'x', created_at from transfers`

test('nothing is wrong with what nobody touched', async () => {
  expect(await rulesAfter('select 1')).toEqual([])
})

test.each<[string, () => string, string[]]>([
  [
    'a wallet that was given a token',
    () => `update wallets set posted = posted + 1 where posted > 0`,
    [EQUALS],
  ],
  ['a wallet that reserved one too many', () => `update wallets set held = held + 1 where held > 0`, [HOLDS]],
  ['a debt nobody booked', () => `update wallets set posted = held, debt = 1 where held > 0`, [EQUALS, OWES]],
  [
    'a line that leaves another balance',
    () => `update transfers set debit_balance_after = debit_balance_after + 1 where kind = 'charge'`,
    [FOLLOW],
  ],
  [
    'a line that is missing its number',
    () => `update transfers set debit_sequence = debit_sequence + 1 where kind = 'charge'`,
    [FOLLOW],
  ],
  [
    'a hold that captured another amount',
    () => `update holds set captured = captured - 1, released = released + 1 where reference = '${charged}'`,
    [ENDED, CAPTURED],
  ],
  [
    'a hold captured before an older one',
    () =>
      `insert into holds (tenant_id, id, wallet_id, reference, amount, captured, released, resolution, created_at, resolved_at)
       select tenant_id, 'hld_0', wallet_id, reference, 3, 0, 3, 'released', created_at, resolved_at
       from holds where reference = '${charged}'`,
    [ENDED, OLDEST],
  ],
  ['a charge whose hold is gone', () => `delete from holds where reference = '${charged}'`, [BEHIND, ENDED]],
  [
    'a fee above its charge',
    () => `update transfers set amount = 1000 where kind = 'fee'`,
    [FEE, ROLLED, SHARE],
  ],
  [
    'a fee that is a token short',
    () => `update transfers set amount = 1 where kind = 'fee'`,
    [ROLLED, SHARE],
  ],
  ['a fee nobody booked', () => `delete from transfers where kind = 'fee'`, [ROLLED, SHARE]],
  [
    'a charge that another provider was paid',
    () => `update transfers set credit_account_id = 'prv_x' where kind = 'charge'`,
    [FEE, ROLLED, SHARE],
  ],
  ['a second charge', () => `${second('charge')} where kind = 'charge'`, [CAPTURED, FEE, SHARE, TWICE]],
  [
    'a minute that was used and not charged',
    () => `update sessions set used_ms = used_ms + 60000 where id = '${charged}'`,
    [TIME],
  ],
  [
    'a refund of more than there was',
    () => `${second('refund', { reverses: 'id', amount: 'amount + 1' })} where kind = 'promotion'`,
    [REVERSAL],
  ],
  [
    'a purchase that says less was taken back',
    () => `update purchases set reversed_tokens = 24 where reversed_tokens = 25`,
    [BOUGHT],
  ],
  [
    'a purchase that is credited with another number of tokens',
    () => `update purchases set tokens = 101 where reversed_tokens = 25`,
    [BOUGHT],
  ],
  ['a purchase that is credited and not paid', () => `update purchases set paid_at = null`, [BOUGHT]],
  [
    'a roll-up of a token more',
    () => `update account_rollups set balance = balance + 1 where account_id like 'prv%'`,
    [ROLLED],
  ],
  [
    'a roll-up of an account that nothing moved',
    () => `insert into account_rollups (tenant_id, account_id, balance, written_before)
           select tenant_id, 'nobody', 5, written_before from account_rollups limit 1`,
    [ROLLED],
  ],
  [
    'a roll-up whose transfers are newer than it says',
    () => `update account_rollups set written_before = '1' where account_id like 'prv%'`,
    [ROLLED],
  ],
  [
    'an ended session that says another charge',
    () => `update sessions set tokens_charged = tokens_charged + 1 where id = '${charged}'`,
    [ENDED, TIME],
  ],
  [
    'an open session that holds nothing any more',
    () => `update sessions set tokens_held = 0 where id = '${open}'`,
    [ENDED],
  ],
])('%s', async (_what, sql, rules) => {
  expect(await rulesAfter(sql())).toEqual([...rules].sort())
})
