/**
 * What a bug of the application can ask of the ledger's functions, or say of a payout and a purchase, and is refused.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Attempt, attemptOn } from '../../test/attempt.ts'
import { connectAs } from '../../test/database.ts'
import { addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, openSession } from '../../test/play.ts'
import { beginPurchase, completed, paymentOf, sendEvent } from '../../test/stripe-events.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { checkLedger } from './check-ledger.ts'

let api: TestApi
let userId: string
let strangerId: string
let providerId: string
let purchaseId: string
let paidId: string
let openId: string

beforeAll(async () => {
  api = await startTestApi()
  const market = await createMarket(api, { tokens: 1_000 })
  ;({ providerId } = market)
  userId = market.user.id
  const play = await openSession(market)
  await play.use(60)
  await play.call('complete')
  openId = (await openSession(market)).sessionId
  purchaseId = (await beginPurchase(api, market.user.token, 50)).id
  const bought = await beginPurchase(api, market.user.token, 50)
  await sendEvent(api, completed(paymentOf(bought)))
  paidId = bought.id
  strangerId = (await addUser(api, { tokens: 50 })).id
  const owner = await connectAs(api.databaseUrl)
  for (const id of ['pay_paid', 'pay_cancelled'])
    await owner.query(
      `insert into payouts (tenant_id, id, provider_id, amount, amount_cents, currency, created_by, created_at)
       values ($1, $2, $3, 1, 1, 'usd', 'x', now())`,
      [PUBLIC_TENANT_ID, id, providerId],
    )
  await owner.query(`select pay_out($1, 'pay_paid', 'trf_paid', 'x', now())`, [PUBLIC_TENANT_ID])
  await owner.query(`update payouts set status = 'cancelled', settled_at = now() where id = 'pay_cancelled'`)
  await owner.end()
})
afterAll(async () => {
  const { findings } = await api.deps.db.inBatch(checkLedger)
  await api.close()
  expect(findings).toEqual([])
})

const attempt: Attempt = (sql, as) => attemptOn(api.databaseUrl, sql, as)

// What Stripe says of a purchase is written by a batch, which takes it from signed events.
test.each([
  ['was paid', 'paid_at = now()'],
  ['was refunded', 'refunded_cents = amount_cents'],
  ['was not refunded', 'refunded_cents = 0'],
  ['was taken back', 'reversed_tokens = tokens'],
  ['is not disputed', 'is_disputed = false'],
  ['belongs to another payment', `payment_intent_id = 'pi_x'`],
])('a request never says that a purchase %s', async (_name, change) => {
  expect(await attempt(`update purchases set ${change}`)).toMatch(/permission denied/)
})

test.each([
  ['was not paid after all', `paid_at = null, status = 'failed'`],
  ['was paid at another time', `paid_at = paid_at + interval '1 day'`],
  ['waits for its payment again', `status = 'pending'`],
])('a batch never says that a paid purchase %s', async (_name, change) => {
  const sql = `update purchases set ${change} where id = '${paidId}'`
  expect(await attempt(sql, { role: 'tm_batch' })).toMatch(/was paid: UPDATE refused/)
})

test.each(['tokens', 'amount_cents'])('nobody enlarges the %s of a paid purchase', async (column) => {
  const sql = `update purchases set ${column} = ${column} + 1 where id = '${paidId}'`
  expect(await attempt(sql, { role: null })).toMatch(/was paid: UPDATE refused/)
})

test('a batch never takes more back than was bought', async () => {
  const sql = `update purchases set reversed_tokens = tokens + 1`
  expect(await attempt(sql, { role: 'tm_batch' })).toMatch(/reversed_within_credited/)
})

describe.each(['tm_app', 'tm_batch'])('%s', (role) => {
  test.each([
    [
      'makes a payout that is paid',
      `insert into payouts (id, provider_id, status, amount, amount_cents, currency, reference, transfer_id, created_by,
         created_at, settled_at)
       select 'pay_x', credit_account_id, 'paid', 2, 2, 'usd', 'x', id, 'x', now(), now() from transfers where kind = 'charge'`,
      /permission denied/,
    ],
    [
      'moves a paid payout to another month',
      `update payouts set settled_at = settled_at - interval '40 days' where id = 'pay_paid'`,
      /pay_paid of payouts has ended: UPDATE refused/,
    ],
    [
      'cancels a paid payout',
      `update payouts set status = 'cancelled' where id = 'pay_paid'`,
      /paid_payouts_say_how/,
    ],
    [
      'opens a cancelled payout again',
      `update payouts set status = 'pending', settled_at = null where id = 'pay_cancelled'`,
      /pay_cancelled of payouts has ended: UPDATE refused/,
    ],
    ['gives a purchase to somebody else', `update purchases set user_id = 'usr_x'`, /permission denied/],
    ['says that more tokens were bought', 'update purchases set tokens = 1000000', /permission denied/],
    ['says that less was paid', 'update purchases set amount_cents = 1', /permission denied/],
    [
      'begins a purchase that is paid',
      `insert into purchases (id, user_id, status, tokens, amount_cents, currency, discount_percent, created_at, paid_at)
       select 'pur_x', user_id, 'paid', 50, 50, 'usd', 0, now(), now() from purchases limit 1`,
      /permission denied/,
    ],
    [
      'says that a purchase is paid and not when',
      `update purchases set status = 'paid' where paid_at is null`,
      /paid_purchases_say_when/,
    ],
  ])('never %s', async (_name, sql, refusal) => {
    expect(await attempt(sql, { role })).toMatch(refusal)
  })

  const credit = (walletId: string, kind: string, from: string, purchaseId = 'null', reversesId = 'null') =>
    `select credit_wallet('${PUBLIC_TENANT_ID}', '${walletId}', '${kind}', '${from}', 5, ${purchaseId}, ${reversesId}, 'x',
       '{trf_x,trf_y}', now())`
  const takeBack = (walletId: string, reversesId: string) =>
    `select reverse_credit('${PUBLIC_TENANT_ID}', '${walletId}', 'refund', 'refunds', 5, null, ${reversesId}, 'x',
       '{trf_x,trf_y}', now())`
  const take = (amount: string) =>
    `select reverse_credit('${PUBLIC_TENANT_ID}', '${userId}', 'refund', 'refunds', ${amount}, null,
       ${creditOf(userId)}, 'x', '{trf_x,trf_y}', now())`
  const hold = (amount: number) =>
    `select place_holds('{${PUBLIC_TENANT_ID}}', '{${userId}}', '{hld_x}', '{ses_x}', '{${amount}}', '{now}')`
  const capture = (amount: number, feeBasisPoints: number) =>
    `select capture_holds('{${PUBLIC_TENANT_ID}}', '{${openId}}', '{${amount}}', '{${providerId}}', '{${feeBasisPoints}}',
       '{x}', '{trf_x}', '{trf_y}', '{trf_z}', '{now}')`
  const session = (fields: { price?: number; fee?: number; held?: number }) =>
    `insert into sessions (id, user_id, provider_id, user_ref, status, duration_ms, tokens_per_minute, fee_basis_points,
       tokens_held, launch_jti, launch_expires_at, created_at, sweep_at)
     values ('ses_x', '${userId}', '${providerId}', 'x', 'pending', 60000, ${fields.price ?? 4}, ${fields.fee ?? 0},
       ${fields.held ?? 4}, 'x', now(), now(), now())`
  const end = (tokensCharged: number) =>
    `update sessions set status = 'ended', end_reason = 'completed', ended_at = now(), tokens_charged = ${tokensCharged}
     where id = '${openId}'`
  const creditOf = (walletId: string) =>
    `(select id from transfers where credit_account_id = '${walletId}' and kind = 'promotion')`
  test.each<[string, () => string, RegExp]>([
    [
      'promotes out of what a provider has',
      () => credit(userId, 'promotion', providerId),
      /goes_where_its_kind_says/,
    ],
    [
      'gives back out of what was paid out',
      () => credit(userId, 'dispute_won', 'payouts', 'null', creditOf(userId)),
      /goes_where_its_kind_says/,
    ],
    ['credits as a charge', () => credit(userId, 'charge', 'promotions'), /goes_where_its_kind_says/],
    [
      'credits for no purchase',
      () => credit(userId, 'purchase', 'stripe_clearing'),
      /goes_where_its_kind_says/,
    ],
    [
      'credits for a purchase nobody made',
      () => credit(userId, 'purchase', 'stripe_clearing', `'pur_x'`),
      /pur_x is not of/,
    ],
    [
      'credits somebody else than the buyer',
      () => credit(strangerId, 'purchase', 'stripe_clearing', `'${purchaseId}'`),
      /purchase pur_\w+ is not of the wallet/,
    ],
    [
      'credits a purchase twice',
      () => credit(userId, 'purchase', 'stripe_clearing', `'${paidId}'`),
      /purchase_is_credited_once/,
    ],
    ['gives tokens by taking back less than nothing', () => take('-5'), /is more than nothing/],
    ['takes back nothing', () => take('0'), /is more than nothing/],
    ['takes back nobody knows how much', () => take('null::bigint'), /is more than nothing/],
    ['holds less than nothing', () => hold(-5), /a hold is of nothing or more/],
    ['captures less than nothing', () => capture(-5, 2_000), /exceeds the holds/],
    ['takes a fee above its charge', () => capture(8, 50_000), /a fee is a share of its charge/],
    ['takes a fee below nothing', () => capture(8, -1), /a fee is a share of its charge/],
    ['opens a session of a negative price', () => session({ price: -4 }), /session_price_is_a_price/],
    ['opens a session that holds less than nothing', () => session({ held: -4 }), /session_price_is_a_price/],
    ['opens a session of a fee above its price', () => session({ fee: 10_001 }), /session_price_is_a_price/],
    ['charges a session less than nothing', () => end(-1), /charged_is_not_negative/],
    ['takes back what was never given', () => takeBack(userId, `'trf_nosuch'`), /trf_nosuch did not credit/],
    ['takes back from somebody else', () => takeBack(strangerId, creditOf(userId)), /did not credit/],
    [
      'gives back what somebody else had',
      () => credit(strangerId, 'dispute_won', 'refunds', 'null', creditOf(userId)),
      /did not credit/,
    ],
  ])('never %s', async (_name, sql, refusal) => {
    expect(await attempt(sql(), { role })).toMatch(refusal)
  })
})
