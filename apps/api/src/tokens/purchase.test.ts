import { afterAll, beforeAll, expect, test } from 'vitest'
import { accessTokenOf, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { completed, paymentOf, sendEvent } from '../../test/stripe-events.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const buy = (token: string, body: unknown, headers: Record<string, string> = {}) =>
  api.call('POST', '/tokens/purchase', { token, body, headers })
const get = (token: string, url: string) => api.call('GET', url, { token })

test('the packages are open to everybody', async () => {
  const { status, body } = await api.call('GET', '/tokens/packages')
  expect(status).toBe(200)
  expect(body).toEqual({
    currency: 'usd',
    tokenPriceCents: 1,
    tiers: [
      { minTokens: 1, discountPercent: 0 },
      { minTokens: 1_000, discountPercent: 5 },
      { minTokens: 5_000, discountPercent: 10 },
      { minTokens: 20_000, discountPercent: 20 },
    ],
    items: expect.arrayContaining([
      { id: 'tokens-1000', tokens: 1_000, amountCents: 950, discountPercent: 5 },
    ]),
  })
})

test('a purchase is pending, and nothing is in the wallet before it is paid', async () => {
  const { token } = await addUser(api)
  const { status, body } = await buy(token, { tokens: 1_010 })
  expect(status).toBe(201)
  expect(body).toEqual({
    purchase: {
      id: expect.stringMatching(/^pur_[0-9a-hjkmnp-tv-z]{26}$/),
      status: 'pending',
      tokens: 1_010,
      amountCents: 960,
      currency: 'usd',
      discountPercent: 5,
      createdAt: '2026-03-01T12:00:00.000Z',
    },
    checkoutUrl: expect.stringMatching(/^http:\/\/localhost:4000\/sandbox\/checkout\/pur_/),
  })
  expect((await get(token, `/tokens/purchases/${body.purchase.id}`)).body).toEqual(body.purchase)
  expect((await get(token, '/tokens/balance')).body).toEqual({ available: 0, held: 0, total: 0 })
  expect((await get(token, '/tokens/history')).body).toEqual({ items: [], nextCursor: null })
})

test('a package is bought by its id', async () => {
  const { token } = await addUser(api)
  const { body } = await buy(token, { packageId: 'tokens-20000' })
  expect(body.purchase).toMatchObject({ tokens: 20_000, amountCents: 16_000, discountPercent: 20 })
  const unknown = await buy(token, { packageId: 'tokens-7' })
  expect([unknown.status, unknown.body.code]).toEqual([404, 'package_not_found'])
})

test.each([
  ['both', { tokens: 100, packageId: 'tokens-100' }],
  ['neither', {}],
  ['49 tokens', { tokens: 49 }],
  ['1,000,001 tokens', { tokens: 1_000_001 }],
  ['a fraction', { tokens: 100.5 }],
  ['text', { tokens: '100' }],
  ['a price of the caller’s', { tokens: 100, amountCents: 1 }],
  ['no object', [100]],
])('a purchase of %s is refused', async (_, body) => {
  const { token } = await addUser(api)
  const answer = await buy(token, body)
  expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed'])
})

test('the smallest and the largest purchase are taken', async () => {
  const { token } = await addUser(api)
  expect((await buy(token, { tokens: 50 })).body.purchase.amountCents).toBe(50)
  expect((await buy(token, { tokens: 1_000_000 })).body.purchase.amountCents).toBe(800_000)
})

test('malformed JSON, another media type and a huge body are refused as such', async () => {
  const { token } = await addUser(api)
  const send = (text: string, type = 'application/json') =>
    api.call('POST', '/tokens/purchase', { token, text, headers: { 'content-type': type } })
  expect((await send('{"tokens":')).body.code).toBe('malformed_json')
  expect((await send('tokens=100', 'application/x-www-form-urlencoded')).status).toBe(415)
  expect((await send(JSON.stringify({ packageId: 'x'.repeat(100_000) }))).status).toBe(413)
})

test('every route of the wallet wants a user', async () => {
  for (const url of ['/tokens/balance', '/tokens/history', '/tokens/purchases', '/tokens/purchases/pur_x']) {
    const answer = await api.call('GET', url)
    expect([url, answer.status, answer.body.code]).toEqual([url, 401, 'unauthenticated'])
  }
  expect((await api.call('POST', '/tokens/purchase', { body: { tokens: 100 } })).status).toBe(401)
})

test('a foreign purchase looks like a missing one', async () => {
  const [mine, theirs] = [await addUser(api), await addUser(api)]
  const { body } = await buy(theirs.token, { tokens: 100 })
  const foreign = await get(mine.token, `/tokens/purchases/${body.purchase.id}`)
  const missing = await get(mine.token, `/tokens/purchases/pur_${'0'.repeat(26)}`)
  const impossible = await get(mine.token, '/tokens/purchases/nonsense')
  for (const { status, body } of [foreign, missing, impossible])
    expect([status, body.code]).toEqual([404, 'purchase_not_found'])
})

test('a repeated request gets its purchase again, byte for byte, for 24 hours', async () => {
  const { id, token } = await addUser(api)
  const headers = { 'idempotency-key': 'k-1' }
  const first = await buy(token, { tokens: 100 }, headers)
  const again = await buy(token, { tokens: 100 }, headers)
  expect(again.text).toBe(first.text)
  expect(again.headers['idempotent-replayed']).toBe('true')
  const other = await buy(token, { tokens: 200 }, headers)
  expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused'])
  const invalid = await buy(token, { tokens: 100 }, { 'idempotency-key': 'x'.repeat(256) })
  expect([invalid.status, invalid.body.code]).toEqual([400, 'idempotency_key_invalid'])
  expect((await get(token, '/tokens/purchases')).body.items).toHaveLength(1)
  api.clock.advance({ hours: 24, seconds: 1 })
  const later = await buy(await accessTokenOf(api, id), { tokens: 100 }, headers)
  expect(later.status).toBe(201)
  expect(later.body.purchase.id).not.toBe(first.body.purchase.id)
})

test('racing requests with one key make one purchase', async () => {
  const { token } = await addUser(api)
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => buy(token, { tokens: 100 }, { 'idempotency-key': 'race' })),
  )
  const made = answers.filter(({ status }) => status === 201)
  expect(made.length).toBeGreaterThan(0)
  expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true)
  expect(new Set(made.map(({ text }) => text)).size).toBe(1)
  expect((await get(token, '/tokens/purchases')).body.items).toHaveLength(1)
})

test('without a key every request is a purchase of its own', async () => {
  const { token } = await addUser(api)
  for (let i = 0; i < 3; i += 1) {
    api.clock.advance({ seconds: 1 })
    await buy(token, { tokens: 100 + i })
  }
  const first = await get(token, '/tokens/purchases?limit=2')
  expect(first.body.items.map(({ tokens }: { tokens: number }) => tokens)).toEqual([102, 101])
  const second = await get(token, `/tokens/purchases?limit=2&cursor=${first.body.nextCursor}`)
  expect(second.body.items.map(({ tokens }: { tokens: number }) => tokens)).toEqual([100])
  expect(second.body.nextCursor).toBeNull()
  const stranger = await addUser(api)
  expect((await get(stranger.token, '/tokens/purchases')).body.items).toEqual([])
})

test('the history tells every line with its running balance, page by page', async () => {
  const { token } = await addUser(api)
  for (const tokens of [100, 200, 1_000]) {
    api.clock.advance({ minutes: 1 })
    const { body } = await buy(token, { tokens })
    expect((await sendEvent(api, completed(paymentOf(body.purchase)))).status).toBe(200)
  }
  const first = await get(token, '/tokens/history?limit=2')
  expect(first.body.items).toEqual([
    {
      id: expect.stringMatching(/^trf_/),
      kind: 'purchase',
      amount: 1_000,
      balanceAfter: 1_300,
      purchaseId: expect.stringMatching(/^pur_/),
      description: 'Bought 1,000 tokens',
      createdAt: api.clock.now().toISOString(),
    },
    expect.objectContaining({ amount: 200, balanceAfter: 300 }),
  ])
  const second = await get(token, `/tokens/history?limit=2&cursor=${first.body.nextCursor}`)
  expect(second.body).toMatchObject({ items: [{ amount: 100, balanceAfter: 100 }], nextCursor: null })
})

test('a list takes only its own cursors and limits', async () => {
  const { token } = await addUser(api)
  for (const _ of [1, 2]) {
    const { body } = await buy(token, { tokens: 100 })
    await sendEvent(api, completed(paymentOf(body.purchase)))
  }
  const { nextCursor } = (await get(token, '/tokens/purchases?limit=1')).body
  for (const query of [`cursor=${nextCursor}`, 'cursor=abc', 'limit=0', 'limit=101', 'limit=x', 'offset=1']) {
    const answer = await get(token, `/tokens/history?${query}`)
    expect([query, answer.status, answer.body.code]).toEqual([query, 400, 'validation_failed'])
  }
  const lists = ['/tokens/history', '/tokens/purchases', '/sessions', '/providers', '/auth/sign-ins']
  for (const own of ['/tokens/history', '/tokens/purchases']) {
    const cursor = (await get(token, `${own}?limit=1`)).body.nextCursor
    for (const list of lists) {
      const answer = await get(token, `${list}?cursor=${cursor}`)
      expect([own, list, answer.status]).toEqual([own, list, list === own ? 200 : 400])
    }
  }
})
