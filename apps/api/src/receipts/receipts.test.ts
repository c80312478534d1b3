import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectAs } from '../../test/database.ts'
import { accessTokenOf, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, type Market, openSession } from '../../test/play.ts'
import {
  beginPurchase,
  completed,
  disputeClosed,
  disputed,
  paymentOf,
  refunded,
  sendEvent,
} from '../../test/stripe-events.ts'
import { exactTokens } from '../sessions/charge.ts'
import type { SessionReceipt } from './receipt.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const get = async (userId: string, url: string, accept?: string) =>
  api.call('GET', url, {
    token: await accessTokenOf(api, userId),
    ...(accept && { headers: { accept } }),
  })
const sessionReceipt = (market: Market, sessionId: string, accept?: string) =>
  get(market.user.id, `/sessions/${sessionId}/receipt`, accept)

async function playSeven(market: Market) {
  const play = await openSession(market, { minutes: 30 })
  await play.use(432)
  await play.call('complete')
  return play
}

test('a session’s receipt leads from the hold to the balance, every figure following from those before', async () => {
  const market = await createMarket(api, { tokens: 1_000 })
  const play = await openSession(market, { minutes: 20 })
  await play.use(216)
  await play.call('pause')
  api.clock.advance({ minutes: 3 })
  await play.call('resume')
  await play.market('POST', '/extend', { minutes: 10 })
  await play.use(216)
  await play.call('complete')
  const { status, body } = await sessionReceipt(market, play.sessionId)
  expect(status).toBe(200)
  expect(body).toMatchObject({
    sessionId: play.sessionId,
    providerName: 'Focus timer',
    isFinal: true,
    endReason: 'completed',
    usedMs: 432_000,
    tokensPerMinute: 4,
    exactTokens: '28.8',
    tokensHeld: 120,
    tokensCharged: 29,
    tokensReleased: 91,
    balanceAfter: 971,
    holds: [
      { tokens: 80, charged: 29, released: 51 },
      { tokens: 40, charged: 0, released: 40 },
    ],
  })
  expect(
    body.timeline.map(({ event, usedMs }: { event: string; usedMs: number }) => [event, usedMs]),
  ).toEqual([
    ['session.started', 0],
    ['session.paused', 216_000],
    ['session.resumed', 216_000],
    ['session.extended', 216_000],
    ['session.completed', 432_000],
  ])
  expect(body.lines).toEqual([
    { text: 'Held for up to 20 min', tokens: 80 },
    { text: 'Held for another 10 min', tokens: 40 },
    { text: 'Used: 7 min 12 s at 4 tokens a minute', tokens: null },
    { text: 'Counted: 432 s by 16 beats', tokens: null },
    { text: '432 s × 4 ÷ 60 = 28.8, rounded up to whole tokens', tokens: 29 },
    { text: 'Charged', tokens: -29 },
    { text: 'Released', tokens: 91 },
    { text: 'Total in the wallet after the charge', tokens: 971 },
  ])
  const history = (await get(market.user.id, '/tokens/history')).body
  expect(history.items[0]).toMatchObject({ amount: -29, balanceAfter: 971 })
})

test('a receipt of a session that runs says what it would cost, and how much of that is confirmed', async () => {
  const market = await createMarket(api)
  const play = await openSession(market, { minutes: 30 })
  await play.use(60)
  api.clock.advance({ seconds: 15 })
  const { body } = await sessionReceipt(market, play.sessionId)
  expect(body).toMatchObject({ isFinal: false, usedMs: 75_000, tokensCharged: 5, balanceAfter: null })
  expect(body.lines.at(-1)).toEqual({ text: 'Would be released', tokens: 115 })
  expect(body).toMatchObject({ unconfirmedMs: 15_000, time: [{ beats: 2, countedMs: 60_000 }] })
  expect(body.lines).toContainEqual({
    text: 'Counted: 60 s by 2 beats, 15 s served since, not confirmed yet',
    tokens: null,
  })
})

test('the time of a receipt is its beats, what is out of the ordinary apart, and adds up', async () => {
  const market = await createMarket(api)
  const play = await openSession(market, { minutes: 60 })
  await play.use(60)
  await play.beat({ afterSeconds: 100, activeMs: 40_000 })
  await play.use(30)
  api.clock.advance({ ms: 1_500 })
  await play.call('pause')
  await play.call('resume')
  play.sequence += 1
  await play.use(30)
  api.clock.advance({ seconds: 7 })
  await play.call('complete')
  const { body } = await sessionReceipt(market, play.sessionId)
  expect(
    body.time.map((stretch: SessionReceipt['time'][number]) => [
      stretch.what,
      stretch.beats,
      stretch.countedMs,
      stretch.unbilledMs,
    ]),
  ).toEqual([
    ['beats', 2, 60_000, 0],
    ['beats', 1, 40_000, 60_000],
    ['beats', 1, 30_000, 0],
    ['pause', 0, 1_500, 0],
    ['beats', 1, 30_000, 0],
    ['end', 0, 7_000, 0],
  ])
  expect(body).toMatchObject({ usedMs: 168_500, isTimeComplete: true, unconfirmedMs: 0 })
  expect(body.lines.map(({ text }: { text: string }) => text)).toContain(
    'Counted: 160 s by 5 beats, 1.5 s up to pauses, 7 s up to the end',
  )
  const page = await sessionReceipt(market, play.sessionId, 'text/html')
  expect(page.text).toContain('<td>1 beat</td><td>40 s</td><td>60 s</td>')
})

test('one never used, a free one and one found over are receipts, too', async () => {
  const market = await createMarket(api)
  const unused = await openSession(market, { validate: false })
  const silent = await openSession(market, { minutes: 10 })
  const free = await createMarket(api, { tokensPerMinute: 0 })
  const gratis = await openSession(free, { minutes: 10 })
  await gratis.use(30)
  await gratis.call('complete')
  api.clock.advance({ hours: 1 })
  expect((await sessionReceipt(market, unused.sessionId)).body).toMatchObject({
    endReason: 'cancelled',
    tokensCharged: 0,
    tokensReleased: 120,
    balanceAfter: null,
  })
  expect((await sessionReceipt(market, silent.sessionId)).body).toMatchObject({ isFinal: true, usedMs: 0 })
  expect((await sessionReceipt(free, gratis.sessionId)).body).toMatchObject({
    tokensHeld: 0,
    tokensCharged: 0,
    lines: [{ text: 'Used: 30 s at 0 tokens a minute' }, { text: 'This app is free.', tokens: 0 }],
  })
})

test('a purchase’s receipt tells list price, discount, rounding and what it did to the wallet', async () => {
  const user = await addUser(api)
  const purchase = await beginPurchase(api, user.token, 1_010)
  const read = () => get(user.id, `/tokens/purchases/${purchase.id}/receipt`)
  expect((await read()).body).toMatchObject({
    isPaid: false,
    paidAt: null,
    ledger: [],
    listPriceCents: 1_010,
  })
  const payment = paymentOf(purchase)
  await sendEvent(api, completed(payment))
  const { body } = await read()
  expect(body).toMatchObject({
    isPaid: true,
    status: 'paid',
    tokens: 1_010,
    tokenPriceCents: 1,
    listPriceCents: 1_010,
    discountPercent: 5,
    discountCents: 50,
    amountCents: 960,
    owedTokens: 0,
    ledger: [{ kind: 'purchase', amount: 1_010, balanceAfter: 1_010 }],
    lines: [
      { text: '1,010 tokens at $0.01', amountCents: 1_010 },
      { text: '5 % discount, the price rounded to $0.01', amountCents: -50 },
      { text: 'Paid', amountCents: 960 },
    ],
  })
  await sendEvent(api, refunded(payment, 480))
  await sendEvent(api, disputed(payment))
  await sendEvent(api, disputeClosed(payment, 'won'))
  const after = (await read()).body
  expect(after.refundedCents).toBe(480)
  expect(after.ledger.map(({ kind, amount }: { kind: string; amount: number }) => [kind, amount])).toEqual([
    ['purchase', 1_010],
    ['refund', -505],
    ['dispute', -505],
    ['dispute_won', 505],
  ])
  let balance = 0
  for (const { amount, balanceAfter } of after.ledger) {
    balance += amount
    expect(balanceAfter).toBe(balance)
  }
})

test('where nothing was rounded, a receipt does not say so', async () => {
  const market = await createMarket(api)
  const play = await openSession(market, { minutes: 10 })
  await play.use(60)
  await play.call('complete')
  const { lines } = (await sessionReceipt(market, play.sessionId)).body
  expect(lines).toContainEqual({ text: '60 s × 4 ÷ 60 = 4', tokens: 4 })
  const purchase = await beginPurchase(api, market.user.token, 1_000)
  const { body } = await get(market.user.id, `/tokens/purchases/${purchase.id}/receipt`)
  expect(body.lines).toContainEqual({ text: '5 % discount', amountCents: -50 })
})

test('a purchase older than receipts has a price and no list price', async () => {
  const user = await addUser(api)
  const { id } = await beginPurchase(api, user.token, 1_000)
  const owner = await connectAs(api.databaseUrl)
  await owner.query('update purchases set token_price_cents = null where id = $1', [id])
  await owner.end()
  const { body } = await get(user.id, `/tokens/purchases/${id}/receipt`)
  expect(body).toMatchObject({ listPriceCents: null, discountCents: null, amountCents: 950 })
  expect(body.lines).toEqual([
    { text: '1,000 tokens, 5 % discount', amountCents: null },
    { text: 'To pay', amountCents: 950 },
  ])
})

test('every line of a history says why, down to its receipt', async () => {
  const market = await createMarket(api, { tokens: 100 })
  const { user } = market
  const purchase = await beginPurchase(api, user.token, 1_000)
  const payment = paymentOf(purchase)
  await sendEvent(api, completed(payment))
  const play = await playSeven(market)
  await sendEvent(api, refunded(payment, 950))
  const { items } = (await get(user.id, '/tokens/history')).body
  const explained = await Promise.all(
    items.map(async ({ id }: { id: string }) => (await get(user.id, `/tokens/history/${id}`)).body),
  )
  for (const [i, { line, because }] of explained.entries()) {
    expect(items[i]).toMatchObject(line)
    expect(because.at(-1)).toMatch(new RegExp(` = ${line.balanceAfter} tokens$`))
  }
  const charge = explained.find(({ line }) => line.kind === 'charge')
  expect(charge.because).toEqual([
    'A session with Focus timer',
    'Held for up to 30 min: 120',
    'Used: 7 min 12 s at 4 tokens a minute',
    'Counted: 432 s by 15 beats',
    '432 s × 4 ÷ 60 = 28.8, rounded up to whole tokens: 29',
    'Charged: -29',
    'Released: 91',
    '1100 − 29 = 1071 tokens',
  ])
  expect(charge.session).toEqual((await sessionReceipt(market, play.sessionId)).body)
  const bought = explained.find(({ line }) => line.kind === 'purchase')
  expect(bought.purchase).toEqual((await get(user.id, `/tokens/purchases/${purchase.id}/receipt`)).body)
  expect(explained.map(({ line }) => line.kind)).toEqual(['refund', 'charge', 'purchase', 'promotion'])
})

test('somebody else’s receipts and lines look like missing ones', async () => {
  const market = await createMarket(api)
  const play = await playSeven(market)
  const purchase = await beginPurchase(api, market.user.token, 100)
  const [line] = (await get(market.user.id, '/tokens/history')).body.items
  const stranger = await addUser(api)
  const none = '0'.repeat(26)
  for (const [mine, missing, code] of [
    [`/sessions/${play.sessionId}/receipt`, `/sessions/ses_${none}/receipt`, 'session_not_found'],
    [
      `/tokens/purchases/${purchase.id}/receipt`,
      `/tokens/purchases/pur_${none}/receipt`,
      'purchase_not_found',
    ],
    [`/tokens/history/${line.id}`, `/tokens/history/trf_${none}`, 'history_line_not_found'],
  ] as const) {
    expect((await get(market.user.id, mine)).status).toBe(200)
    for (const url of [mine, missing]) {
      const answer = await get(stranger.id, url)
      expect([url, answer.status, answer.body.code]).toEqual([url, 404, code])
    }
  }
  // The fee of the charge is a line of the provider's, not of the payer's.
  const [fee] = await api.deps.db.batch.query<{ id: string }>(
    `select id from transfers where session_id = $1 and kind = 'fee'`,
    [play.sessionId],
  )
  expect((await get(market.user.id, `/tokens/history/${fee?.id}`)).status).toBe(404)
})

test('a receipt is a page for whoever asks for one, with names as text and no script', async () => {
  const market = await createMarket(api)
  await api.deps.db.batch.query('update providers set name = $2 where id = $1', [
    market.providerId,
    '<script>alert(1)</script>',
  ])
  const play = await playSeven(market)
  const page = await sessionReceipt(market, play.sessionId, 'text/html,application/xhtml+xml,*/*;q=0.8')
  expect([page.status, page.headers['content-type'], page.headers.vary]).toEqual([
    200,
    'text/html; charset=utf-8',
    'Origin, Accept',
  ])
  expect(page.headers['content-security-policy']).toContain("default-src 'none'")
  expect(page.headers['cache-control']).toBe('no-store')
  expect(page.text).not.toContain('<script')
  expect(page.text).toContain('&lt;script&gt;')
  expect(page.text).toContain('<td>432 s × 4 ÷ 60 = 28.8, rounded up to whole tokens</td><td>29</td>')
  const purchase = await beginPurchase(api, market.user.token, 1_000)
  const url = `/tokens/purchases/${purchase.id}/receipt`
  expect((await get(market.user.id, url, 'text/html')).text).toContain('<td>To pay</td><td>$9.50</td>')
})

test.each([
  [4, 432_000, '28.8'],
  [4, 60_000, '4'],
  [1, 1, '0.000017'],
  [1, 59_999, '0.999984'],
  [10_000, 86_400_000, '14400000'],
  [0, 1_000, '0'],
])('%i tokens a minute for %i ms are exactly %s', (tokensPerMinute, usedMs, exact) => {
  expect(exactTokens({ tokensPerMinute, usedMs })).toBe(exact)
})
