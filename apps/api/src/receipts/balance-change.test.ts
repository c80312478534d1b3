import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { accessTokenOf, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, openSession } from '../../test/play.ts'
import {
  beginPurchase,
  completed,
  disputeClosed,
  disputed,
  disputeTold,
  paymentOf,
  refunded,
  refundTold,
  sendEvent,
} from '../../test/stripe-events.ts'
import type { Entry } from '../analytics/timeline.ts'
import { foldBeats } from '../sessions/fold-beats.ts'
import type { BalanceChange, SessionReceipt } from './receipt.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())
afterEach(() => {
  vi.restoreAllMocks()
})

const get = async (userId: string, url: string, accept?: string) =>
  api.call('GET', url, { token: await accessTokenOf(api, userId), ...(accept && { headers: { accept } }) })

async function explainAll(userId: string): Promise<BalanceChange[]> {
  const { items } = (await get(userId, '/tokens/history?limit=100')).body
  return Promise.all(
    items.map(async ({ id }: { id: string }) => (await get(userId, `/tokens/history/${id}`)).body),
  )
}

/** Lets something happen right before the first statement of a request that speaks of this. */
function beforeStatement(about: string, happens: () => Promise<unknown>): void {
  const inTenant = api.deps.db.inTenant
  let isDue = true
  vi.spyOn(api.deps.db, 'inTenant').mockImplementation((tenantId, run, view) =>
    inTenant(
      tenantId,
      (tx) =>
        run({
          ...tx,
          query: async (sql, values) => {
            if (isDue && sql.includes(about)) {
              isDue = false
              await happens()
            }
            return tx.query(sql, values)
          },
        }),
      view,
    ),
  )
}

test('what is taken back says how much is owed besides, so that it adds up to the part that was refunded', async () => {
  const market = await createMarket(api, { tokens: 0, tokensPerMinute: 60 })
  const { user } = market
  const purchase = await beginPurchase(api, user.token, 1_000)
  const payment = paymentOf(purchase)
  await sendEvent(api, completed(payment))
  const play = await openSession(market, { minutes: 16 })
  await play.use(240)
  await sendEvent(api, refunded(payment, 475))
  await play.call('complete')
  await sendEvent(api, disputed(payment))
  await sendEvent(api, disputeClosed(payment, 'won'))
  const explained = await explainAll(user.id)
  expect(explained.map(({ line }) => [line.kind, line.amount, line.balanceAfter])).toEqual([
    ['debt_repaid', -240, 260],
    ['dispute_won', 500, 500],
    ['dispute', -260, 0],
    ['debt_repaid', -460, 260],
    ['charge', -240, 720],
    ['refund', -40, 960],
    ['purchase', 1_000, 1_000],
  ])
  const becauseOf = (kind: string) => explained.find(({ line }) => line.kind === kind)?.because
  expect(becauseOf('refund')).toEqual([
    'A purchase was refunded, in whole or in part: the same part of its tokens is taken back, rounded down',
    'Payment refunded: tokens taken back',
    '500 in all: 40 from what could be spent, and 460 that could not, which are owed',
    '1000 − 40 = 960 tokens',
  ])
  expect(becauseOf('dispute')).toContain(
    '500 in all: 260 from what could be spent, and 240 that could not, which are owed',
  )
  expect(becauseOf('dispute_won')?.join()).not.toContain('owed')
})

test('a refund and a dispute that waited for their payment are one line, which says what it took', async () => {
  const market = await createMarket(api, { tokens: 0, tokensPerMinute: 60 })
  const { user } = market
  const spent = paymentOf(await beginPurchase(api, user.token, 60))
  await sendEvent(api, completed(spent))
  const play = await openSession(market, { minutes: 1 })
  await play.use(60)
  await sendEvent(api, refunded(spent, spent.amountCents))
  const payment = paymentOf(await beginPurchase(api, await accessTokenOf(api, user.id), 100))
  await sendEvent(api, refunded(payment, 50))
  api.clock.advance({ seconds: 1 })
  await sendEvent(api, disputed(payment))
  await sendEvent(api, completed(payment))
  const [line, repaid] = await explainAll(user.id)
  expect([line?.line.kind, line?.line.amount, repaid?.line.kind]).toEqual(['dispute', -40, 'debt_repaid'])
  expect(line?.because).toContain(
    '100 in all: 40 from what could be spent, and 60 that could not, which are owed',
  )
})

test('what was paid back says of which purchase, the debt that is longest owed first', async () => {
  const market = await createMarket(api, { tokens: 0, tokensPerMinute: 100 })
  const { user } = market
  const buy = async (tokens: number) => {
    const payment = paymentOf(await beginPurchase(api, await accessTokenOf(api, user.id), tokens))
    await sendEvent(api, completed(payment))
    return payment
  }
  const first = await buy(1_000)
  api.clock.advance({ hours: 24 })
  const second = await buy(500)
  const play = await openSession(market, { minutes: 15 })
  await play.use(840)
  await play.call('complete')
  await sendEvent(api, refunded(first, first.amountCents))
  api.clock.advance({ hours: 24 })
  await sendEvent(api, refunded(second, second.amountCents))
  await buy(600)
  await buy(1_000)
  const paidBack = (await explainAll(user.id)).filter(({ line }) => line.kind === 'debt_repaid')
  const today = api.clock.now()
  const [yesterday] = new Date(today.getTime() - 24 * 3_600_000).toISOString().split('T')
  expect(paidBack.map(({ line, because }) => [line.amount, ...because.slice(2, -1)])).toEqual([
    [
      -800,
      `300 of the 900 owed since ${yesterday} for the purchase ${first.purchaseId}`,
      `500 of the 500 owed since ${today.toISOString().split('T')[0]} for the purchase ${second.purchaseId}`,
    ],
    [-600, `600 of the 900 owed since ${yesterday} for the purchase ${first.purchaseId}`],
  ])
  expect(paidBack.map(({ purchase }) => purchase?.purchaseId)).toEqual([undefined, first.purchaseId])
})

test('what was paid back stays of the purchase it was said to be of, whatever a clock says later', async () => {
  const market = await createMarket(api, { tokens: 0, tokensPerMinute: 100 })
  const { user } = market
  const buy = async (tokens: number) => {
    const payment = paymentOf(await beginPurchase(api, await accessTokenOf(api, user.id), tokens))
    await sendEvent(api, completed(payment))
    return payment
  }
  const [first, second] = [await buy(100), await buy(100)]
  const play = await openSession(market, { minutes: 2 })
  await play.use(120)
  await play.call('complete')
  await sendEvent(api, refunded(first, first.amountCents))
  api.clock.advance({ seconds: 10 })
  await buy(50)
  const paidBack = async () =>
    (await explainAll(user.id))
      .filter(({ line }) => line.kind === 'debt_repaid')
      .map(({ because }) => because)
  const before = await paidBack()
  expect(before.flat().filter((text) => text.includes(first.purchaseId))).toHaveLength(1)
  // Booked by an instance whose clock is behind.
  api.clock.advance({ seconds: -30 })
  await sendEvent(api, refunded(second, second.amountCents))
  api.clock.advance({ seconds: 60 })
  expect(await paidBack()).toEqual(before)
})

test('a dispute that is won says what a refund keeps, or another dispute', async () => {
  const market = await createMarket(api, { tokens: 0 })
  const { user } = market
  const payment = paymentOf(await beginPurchase(api, user.token, 1_000))
  await sendEvent(api, completed(payment))
  await sendEvent(api, disputed(payment, 'dp_1'))
  await sendEvent(api, disputed(payment, 'dp_2'))
  await sendEvent(api, refunded(payment, 475))
  await sendEvent(api, disputeClosed(payment, 'won', 'dp_1'))
  await sendEvent(api, disputeClosed(payment, 'won', 'dp_2'))
  await sendEvent(api, disputeTold('created', payment, { id: 'dp_3', amount: 95 }))
  await sendEvent(api, refunded(payment, 950))
  await sendEvent(api, disputeTold('created', payment, { id: 'dp_4', amount: 190 }))
  await sendEvent(api, refundTold('refund.failed', payment, { amount: 475 }))
  await sendEvent(api, disputeTold('closed', payment, { id: 'dp_4', amount: 190, status: 'won' }))
  const explained = await explainAll(user.id)
  expect(explained.map(({ line }) => [line.kind, line.amount, line.description])).toEqual([
    [
      'dispute_won',
      200,
      'Dispute settled: tokens given back, but for 600 that were refunded or are disputed',
    ],
    [
      'refund_failed',
      200,
      'Refund failed: tokens given back, but for 800 that were refunded or are disputed',
    ],
    ['refund', -400, 'Payment refunded: tokens taken back'],
    ['dispute', -100, 'Payment disputed: tokens taken back'],
    ['dispute_won', 500, 'Dispute settled: tokens given back, but for 500 that were refunded'],
    ['dispute', -1_000, 'Payment disputed: tokens taken back'],
    ['purchase', 1_000, 'Bought 1,000 tokens'],
  ])
  expect(explained[4]?.because).toEqual([
    'The bank decided that the payment stands',
    'Dispute settled: tokens given back, but for 500 that were refunded',
    '0 + 500 = 500 tokens',
  ])
})

test('a charge of nothing is no minus', async () => {
  const market = await createMarket(api)
  const play = await openSession(market, { validate: false })
  api.clock.advance({ hours: 1 })
  const page = await get(market.user.id, `/sessions/${play.sessionId}/receipt`, 'text/html')
  expect(page.text).toContain('<td>Charged</td><td>0</td>')
})

test('a receipt that is read while its session ends is of before or of after, not of both', async () => {
  const market = await createMarket(api)
  const play = await openSession(market)
  await play.use(60)
  const receipt = async (): Promise<SessionReceipt> =>
    (await get(market.user.id, `/sessions/${play.sessionId}/receipt`)).body
  const before = await receipt()
  beforeStatement('from holds', () => play.call('complete'))
  expect(await receipt()).toEqual(before)
  expect(await receipt()).toMatchObject({ isFinal: true, holds: [{ charged: 4 }] })
})

test('a purchase that is read while it is refunded likewise', async () => {
  const market = await createMarket(api, { tokens: 0 })
  const purchase = await beginPurchase(api, market.user.token, 1_000)
  const payment = paymentOf(purchase)
  await sendEvent(api, completed(payment))
  const url = `/tokens/purchases/${purchase.id}/receipt`
  const before = (await get(market.user.id, url)).body
  beforeStatement('from transfers', () => sendEvent(api, refunded(payment, 950)))
  expect((await get(market.user.id, url)).body).toEqual(before)
  expect((await get(market.user.id, url)).body).toMatchObject({
    status: 'refunded',
    ledger: [{}, { amount: -1_000 }],
  })
})

test('a timeline that is read while its session ends likewise', async () => {
  const market = await createMarket(api)
  const play = await openSession(market)
  await play.use(60)
  api.clock.advance({ seconds: 10 })
  const timeline = async () => (await play.market('GET', '/timeline')).body
  const before = await timeline()
  beforeStatement('from session_beats', () => play.call('complete'))
  expect(await timeline()).toEqual(before)
  expect(await timeline()).toMatchObject({ status: 'ended', usedMs: 70_000 })
})

test('pauses of one instant stand for what each counted', async () => {
  const market = await createMarket(api)
  const play = await openSession(market)
  await play.beat({ afterSeconds: 20 })
  api.clock.advance({ seconds: 10 })
  for (const verb of ['pause', 'resume', 'pause', 'resume'] as const) {
    play.sequence += 1
    await play.call(verb, { clientId: play.clientId, sequence: play.sequence })
  }
  await play.use(30)
  await play.call('complete')
  const { usedMs, entries } = (await play.market('GET', '/timeline')).body
  expect(usedMs).toBe(60_000)
  expect(entries.reduce((sum: number, { countedMs }: Entry) => sum + (countedMs ?? 0), 0)).toBe(usedMs)
})

test('beats from before the server’s clock was set back are in the receipt of a session that runs', async () => {
  const market = await createMarket(api)
  const play = await openSession(market)
  await play.use(120)
  api.clock.advance({ minutes: -10 })
  await play.beat()
  const { body } = await get(market.user.id, `/sessions/${play.sessionId}/receipt`)
  expect(body).toMatchObject({ usedMs: 120_000, unconfirmedMs: 0, isTimeComplete: true })
})

test('what a page showed in a pause is in the receipt as soon as it is known', async () => {
  const market = await createMarket(api)
  const play = await openSession(market)
  await play.use(60)
  await play.market('POST', '/pause')
  api.clock.advance({ seconds: 20 })
  await play.call('pause')
  const { body } = await get(market.user.id, `/sessions/${play.sessionId}/receipt`)
  expect(body.time.at(-1)).toMatchObject({ what: 'pause', countedMs: 0, unbilledMs: 20_000 })
})

test('a page whose beats are partly forgotten does not claim to have them all', async () => {
  const market = await createMarket(api)
  const play = await openSession(market)
  await play.use(60)
  await foldBeats(api.deps.db, { now: new Date(api.clock.now().getTime() + 600_000) })
  await api.deps.db.batch.query('delete from session_beats where session_id = $1', [play.sessionId])
  await play.beat({ afterSeconds: 30 })
  await play.call('complete')
  const page = await get(market.user.id, `/sessions/${play.sessionId}/receipt`, 'text/html')
  expect(page.text).toContain('<caption>Beat by beat, of what is still on record</caption>')
  expect(page.text).not.toContain('Counted: ')
})
