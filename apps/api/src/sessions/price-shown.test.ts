import { afterAll, beforeAll, expect, test } from 'vitest'
import { addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, type Market } from '../../test/play.ts'

let api: TestApi
let market: Market
beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api)
})
afterAll(() => api.close())

test('nobody pays more than they were shown: a price that rose meanwhile opens and holds nothing', async () => {
  const shopper = await addUser(api, { tokens: 1000 })
  const providerId = await addProvider(api, { ownerId: market.user.id, tokensPerMinute: 6 })
  const open = (maxTokensPerMinute: unknown, headers = {}) =>
    api.call('POST', '/sessions', {
      token: shopper.token,
      body: { providerId, durationMinutes: 10, maxTokensPerMinute },
      headers,
    })
  for (const headers of [{}, { 'idempotency-key': 'shown' }]) {
    const { status, body } = await open(5, headers)
    expect([status, body.code, body.tokensPerMinute]).toEqual([409, 'price_changed', 6])
  }
  for (const odd of [-1, 1.5, '5', 10_001, null]) expect((await open(odd)).status).toBe(400)
  const balance = async () => (await api.call('GET', '/tokens/balance', { token: shopper.token })).body.held
  expect(await balance()).toBe(0)
  expect([(await open(6)).status, (await open(7)).body.session.tokensPerMinute]).toEqual([201, 6])
  expect(await balance()).toBe(120)
})

test('a price that rose refuses its own call alone, also where the others have limits', async () => {
  const providerId = await addProvider(api, { ownerId: market.user.id, tokensPerMinute: 6 })
  const shoppers = await Promise.all(Array.from({ length: 6 }, () => addUser(api, { tokens: 1000 })))
  await api.call('PUT', '/tokens/limits', {
    token: shoppers[0]!.token,
    body: { perDayTokens: 900, perProviderPerDayTokens: [], lowBalanceTokens: null },
  })
  const answers = await Promise.all(
    shoppers.map(({ token }, i) =>
      api.call('POST', '/sessions', {
        token,
        body: { providerId, durationMinutes: 10, maxTokensPerMinute: 5 + (i % 2) },
      }),
    ),
  )
  expect(answers.map(({ status }) => status)).toEqual([409, 201, 409, 201, 409, 201])
})
