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
import { rollUpActivity } from '../analytics/roll-up-activity.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
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
  await owner.query(
    `insert into payouts (tenant_id, id, provider_id, amount, amount_cents, currency, created_by, created_at)
     values ($1, 'pay_x', $2, 2, 2, 'usd', 'x', now())`,
    [PUBLIC_TENANT_ID, market.providerId],
  )
  await owner.query(`select pay_out($1, 'pay_x', 'trf_p', 'x', now())`, [PUBLIC_TENANT_ID])
  await rollUpActivity(api.deps.db, { now: new Date(api.clock.now().getTime() + 3_600_000) })
  // What other test files are writing on the same server holds the watermark back, for as long as it lasts.
  for (let accounts = 0; accounts === 0; ) accounts = await api.deps.db.inBatch(rollUpAccounts)
})
afterAll(async () => {
  await owner.end()
  await api.close()
})

/** The rules that find something wrong after a statement, which is taken back. Written before it was refused, say. */
async function rulesAfter(sql: string): Promise<string[]> {
  await owner.query('begin')
  try {
    await owner.query('set local session_replication_role = replica')
    await owner.query('alter table transfers drop constraint if exists transfer_goes_where_its_kind_says')
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
const KIND = 'a transfer goes where its kind says'
const OPENED = 'a hold is of a session, from the wallet of its user'
const PRICE = 'a session holds its price'
const SAME = 'a reversal is of a transfer of the same wallet'
const BUYER = 'a transfer of a purchase is of the wallet of its buyer'
const PAID_OUT = 'a paid payout is one transfer, and the other way round'
const FIGURES = 'the figures of a provider are what was booked'
const ENDED = 'an ended session holds nothing, a paid one was charged what it says'

/** A session that looks like the open one, with nothing held for it. */
const twin = (changes: string) =>
  `insert into sessions (tenant_id, id, user_id, provider_id, user_ref, is_test, status, duration_ms, tokens_per_minute,
     fee_basis_points, tokens_held, launch_jti, launch_expires_at, created_at, sweep_at)
   select tenant_id, 'ses_x', user_id, provider_id, user_ref, ${changes}, fee_basis_points, 0, launch_jti, launch_expires_at,
     created_at, sweep_at
   from sessions where id = '${open}'`

const second = (kind: string, { reverses = 'null', amount = 'amount', debit = 'platform_fee' } = {}) =>
  `insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, session_id, reverses_id, description, created_at)
   select tenant_id, 'trf_x', '${kind}', '${debit}', 'payouts', ${amount}, session_id, ${reverses}, 'x', created_at from transfers`

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
    'a last line that skips a number',
    () => `update transfers set debit_sequence = debit_sequence + 1 where kind = 'refund'`,
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
    [FEE, FIGURES, ROLLED, SHARE],
  ],
  [
    'a fee that is a token short',
    () => `update transfers set amount = 1 where kind = 'fee'`,
    [FIGURES, ROLLED, SHARE],
  ],
  ['a fee nobody booked', () => `delete from transfers where kind = 'fee'`, [FIGURES, ROLLED, SHARE]],
  [
    'a charge that another provider was paid',
    () => `update transfers set credit_account_id = 'prv_x' where kind = 'charge'`,
    [FEE, FIGURES, ROLLED, SHARE],
  ],
  [
    'a fee of a session that was not charged',
    () => `update transfers set session_id = 'ses_x' where kind = 'fee'`,
    [FEE, SHARE],
  ],
  [
    'a charge that somebody else than the user paid',
    () => `update sessions set user_id = 'usr_x' where id = '${charged}'`,
    [OPENED, SHARE],
  ],
  ['a second charge', () => `${second('charge')} where kind = 'charge'`, [CAPTURED, FEE, KIND, SHARE, TWICE]],
  [
    'a minute that was used and not charged',
    () => `update sessions set used_ms = used_ms + 60000 where id = '${charged}'`,
    [TIME],
  ],
  [
    'a refund of more than there was',
    () => `${second('refund', { reverses: 'id', amount: 'amount + 1' })} where kind = 'promotion'`,
    [KIND, REVERSAL, SAME],
  ],
  [
    'a refund that is given back and was never taken',
    () => `update transfers set kind = 'refund_failed' where kind = 'refund'`,
    [BOUGHT, KIND, REVERSAL],
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
  [
    'a purchase that is credited and not paid',
    () => `update purchases set paid_at = null, status = 'pending'`,
    [BOUGHT],
  ],
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
    'an ended session whose hold is open',
    () =>
      `update sessions set status = 'ended', end_reason = 'cancelled', ended_at = now(), tokens_charged = 0 where id = '${open}'`,
    [ENDED],
  ],
  [
    'an open session whose hold was released',
    () =>
      `update holds set resolution = 'released', released = amount, resolved_at = now() where reference = '${open}'`,
    [ENDED, HOLDS],
  ],
  [
    'an open session that holds nothing any more',
    () => `update sessions set tokens_held = 0 where id = '${open}'`,
    [ENDED, PRICE],
  ],
  ['a session that was opened without its hold', () => twin(`false, 'pending', 60000, 100`), [PRICE]],
  ['a test that holds nothing', () => twin(`true, 'pending', 60000, 100`), []],
  ['a session that costs nothing', () => twin(`false, 'pending', 60000, 0`), []],
  ['a hold for no session', () => `delete from sessions where id = '${open}'`, [OPENED]],
  ['a charge of no session', () => `delete from sessions where id = '${charged}'`, [OPENED, SHARE]],
  [
    'a hold on the wallet of somebody else',
    () => `update sessions set user_id = 'usr_x' where id = '${open}'`,
    [OPENED],
  ],
  [
    'a purchase that was credited to somebody else, and taken back from them',
    () => `update purchases set user_id = 'usr_x'`,
    [BUYER],
  ],
  ['a credit for a purchase nobody made', () => `delete from purchases`, [BUYER]],
  [
    'a credit for no purchase at all',
    () => `update transfers set purchase_id = null where kind = 'purchase'`,
    [BOUGHT, BUYER, SAME],
  ],
  [
    'a reversal of nothing',
    () => `update transfers set reverses_id = 'trf_nosuch' where kind = 'refund'`,
    [SAME],
  ],
  [
    'a reversal of what another wallet got',
    () =>
      `update transfers r set reverses_id = t.id from transfers t where r.kind = 'refund' and t.kind = 'charge'`,
    [REVERSAL, SAME],
  ],
  [
    'a correction in the direction of what it corrects',
    () =>
      `insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, reverses_id, description, created_at)
       select tenant_id, 'trf_x', 'correction', debit_account_id, credit_account_id, amount, id, 'x', now()
       from transfers where kind = 'payout'`,
    [SAME],
  ],
  ['a payout that nobody booked', () => `delete from transfers where kind = 'payout'`, [PAID_OUT, ROLLED]],
  ['a payout that nobody made', () => `delete from payouts`, [PAID_OUT]],
  ['a payout of another amount', () => `update payouts set amount = amount + 1`, [PAID_OUT]],
  ['a payout of another provider', () => `update payouts set provider_id = 'prv_x'`, [PAID_OUT]],
  [
    'a payout that names a charge',
    () => `update payouts set transfer_id = t.id from transfers t where t.kind = 'charge'`,
    [PAID_OUT],
  ],
  [
    'one transfer for two payouts',
    () =>
      `insert into payouts (tenant_id, id, provider_id, status, amount, amount_cents, currency, reference, transfer_id, created_by,
         created_at, settled_at)
       select tenant_id, 'pay_y', provider_id, status, amount, amount_cents, currency, reference, transfer_id, created_by,
         created_at, settled_at from payouts`,
    [PAID_OUT],
  ],
  ['figures of twice what was booked', () => `update activity_quarters set gross = gross * 2`, [FIGURES]],
  ['figures that were never written', () => `delete from activity_quarters`, [FIGURES]],
  [
    'figures without a correction that was booked',
    () =>
      `insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, reverses_id, description, created_at)
       select tenant_id, 'trf_x', 'correction', credit_account_id, debit_account_id, amount, id, 'x', created_at
       from transfers where kind = 'fee'`,
    [FIGURES],
  ],
  [
    'figures of a correction nobody booked',
    () => `update activity_quarters set refunded = 1 where gross > 0`,
    [FIGURES],
  ],
])('%s', async (_what, sql, rules) => {
  expect(await rulesAfter(sql())).toEqual([...rules].sort())
})

test.each([
  'purchase',
  'charge',
  'fee',
  'refund',
  'dispute',
  'debt',
  'debt_repaid',
  'dispute_won',
  'refund_failed',
  'promotion',
  'payout',
])('a %s between accounts it has nothing to do with', async (kind) => {
  const sql = second(kind, { reverses: 'id', debit: 'promotions' })
  expect(await rulesAfter(`${sql} where kind = 'purchase'`)).toContain(KIND)
})
