import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  accessTokenOf,
  addProvider,
  addUser,
  countWaiting,
  startTestApi,
  type TestApi,
} from '../../test/harness.ts'
import { createMarket, type Market, openSession } from '../../test/play.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { checkLedger } from '../ledger/check-ledger.ts'
import { createSession } from './create-session.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(async () => {
  expect((await api.deps.db.inBatch(checkLedger)).findings).toEqual([])
  await api.close()
})

const none = { perDayTokens: null, perProviderPerDayTokens: [], lowBalanceTokens: null }
const limit = async ({ user }: Market, limits: object) =>
  api.call('PUT', '/tokens/limits', {
    token: await accessTokenOf(api, user.id),
    body: { ...none, ...limits },
  })
const read = async ({ user }: Market) =>
  (await api.call('GET', '/tokens/limits', { token: await accessTokenOf(api, user.id) })).body
/** At 4 tokens a minute. */
const open = async (market: Market, minutes: number, key?: string) =>
  api.call('POST', '/sessions', {
    token: await accessTokenOf(api, market.user.id),
    body: { providerId: market.providerId, durationMinutes: minutes },
    ...(key && { headers: { 'idempotency-key': key } }),
  })

test('without limits nothing is limited, and with them the rest of the day is told', async () => {
  const market = await createMarket(api)
  expect(await read(market)).toEqual({ ...none, usedTokens: 0 })
  expect((await open(market, 100)).status).toBe(201)
  const set = await limit(market, { perDayTokens: 500, lowBalanceTokens: 50 })
  expect([set.status, set.body]).toEqual([
    200,
    { ...none, perDayTokens: 500, lowBalanceTokens: 50, usedTokens: 400 },
  ])
  const refused = await open(market, 26)
  expect([refused.status, refused.body]).toEqual([
    409,
    expect.objectContaining({
      code: 'spending_limit_reached',
      required: 104,
      available: 100,
      limitTokens: 500,
    }),
  ])
  expect((await open(market, 25)).status).toBe(201)
  expect((await open(market, 1)).body).toMatchObject({ required: 4, available: 0 })
  await limit(market, {})
  expect((await open(market, 1)).status).toBe(201)
})

test('an Idempotency-Key opens no way around a limit', async () => {
  const market = await createMarket(api)
  await limit(market, { perDayTokens: 40 })
  const first = await open(market, 10, 'one')
  expect(first.status).toBe(201)
  expect((await open(market, 10, 'one')).text).toBe(first.text)
  expect((await open(market, 10, 'two')).body.code).toBe('spending_limit_reached')
})

test('racing openings do not pass a limit together', async () => {
  const market = await createMarket(api, { tokens: 100_000 })
  await limit(market, { perDayTokens: 120 })
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, i) => open(market, 10, i % 3 === 0 ? `race-${i}` : undefined)),
  )
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(3)
  expect(answers.filter(({ body }) => body.code === 'spending_limit_reached')).toHaveLength(27)
  expect((await read(market)).usedTokens).toBe(120)
})

test('who has limits does not hold up who has none, in one batch', async () => {
  const [limited, free] = [await createMarket(api), await createMarket(api)]
  await limit(limited, { perDayTokens: 40 })
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => open(i % 2 === 0 ? limited : free, 10)),
  )
  expect(answers.filter((_, i) => i % 2 === 1).map(({ status }) => status)).toEqual(Array(10).fill(201))
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(11)
})

test('a limit for one provider leaves the others alone', async () => {
  const market = await createMarket(api)
  const owner = await addUser(api)
  const elsewhere = {
    ...market,
    providerId: await addProvider(api, { ownerId: owner.id, tokensPerMinute: 4 }),
  }
  const { body } = await limit(market, {
    perProviderPerDayTokens: [{ providerId: market.providerId, tokens: 40 }],
  })
  expect(body.perProviderPerDayTokens).toEqual([{ providerId: market.providerId, tokens: 40 }])
  expect((await open(elsewhere, 100)).status).toBe(201)
  expect((await open(market, 10)).status).toBe(201)
  expect((await open(market, 1)).body).toMatchObject({ code: 'spending_limit_reached', limitTokens: 40 })
  expect((await open(elsewhere, 100)).status).toBe(201)
})

test('what was not used counts no more, and after 24 hours nothing does', async () => {
  const market = await createMarket(api)
  await limit(market, { perDayTokens: 120 })
  const play = await openSession(market, { minutes: 30 })
  await play.use(300)
  expect((await open(market, 1)).status).toBe(409)
  await play.call('complete')
  expect((await read(market)).usedTokens).toBe(20)
  expect((await open(market, 25)).status).toBe(201)
  api.clock.advance({ hours: 24, seconds: 1 })
  expect((await read(market)).usedTokens).toBe(0)
  expect((await open(market, 30)).status).toBe(201)
})

test('an extension counts, also one that races with an opening', async () => {
  const market = await createMarket(api)
  const play = await openSession(market, { minutes: 10 })
  await limit(market, { perDayTokens: 80 })
  const refused = await play.market('POST', '/extend', { minutes: 11 })
  expect([refused.status, refused.body.code, refused.body.available]).toEqual([
    409,
    'spending_limit_reached',
    40,
  ])
  const answers = await Promise.all([
    ...Array.from({ length: 4 }, () => play.market('POST', '/extend', { minutes: 10 })),
    ...Array.from({ length: 4 }, () => open(market, 10)),
  ])
  expect(answers.filter(({ status }) => status < 300)).toHaveLength(1)
  expect((await read(market)).usedTokens).toBe(80)
})

test('who meets an opening that has not committed waits for it, and counts it', async () => {
  const market = await createMarket(api)
  const play = await openSession(market, { minutes: 10 })
  await limit(market, { perDayTokens: 80 })
  const { db, keys, clock } = api.deps
  const { providerId, user } = market
  const wanted = { tenantId: PUBLIC_TENANT_ID, userId: user.id, providerId, durationMinutes: 10 }
  const extending = await db.inBatch(async (tx) => {
    await createSession(tx, { ...wanted, feeBasisPoints: 2_000, now: clock() }, keys)
    const answer = play.market('POST', '/extend', { minutes: 10 })
    await expect.poll(() => countWaiting(api)).toBe(1)
    return { answer }
  })
  const refused = await extending.answer
  expect([refused.status, refused.body.code, refused.body.available]).toEqual([
    409,
    'spending_limit_reached',
    0,
  ])
})

test('a limit of nothing still opens what is free', async () => {
  const market = await createMarket(api, { tokensPerMinute: 0 })
  await limit(market, { perDayTokens: 0 })
  expect((await open(market, 10)).status).toBe(201)
})

test.each([
  ['a part of the limits', { perDayTokens: 1 }, '/perProviderPerDayTokens'],
  ['a negative limit', { ...none, perDayTokens: -1 }, '/perDayTokens'],
  ['a fraction', { ...none, lowBalanceTokens: 1.5 }, '/lowBalanceTokens'],
  ['text', { ...none, perDayTokens: '1' }, '/perDayTokens'],
  ['an unknown property', { ...none, perHourTokens: 1 }, '/perHourTokens'],
  ['101 providers', { ...none, perProviderPerDayTokens: Array(101).fill(null) }, '/perProviderPerDayTokens'],
])('limits refuse %s', async (_, body, path) => {
  const { token } = await addUser(api)
  const answer = await api.call('PUT', '/tokens/limits', { token, body })
  expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed'])
  expect(answer.body.errors.map((error: { path: string }) => error.path).join()).toContain(path)
})

test('limits name providers that exist for the caller, each once', async () => {
  const market = await createMarket(api)
  const stranger = await addUser(api)
  const draft = await addProvider(api, { ownerId: stranger.id })
  await api.deps.db.batch.query(`update providers set status = 'draft' where id = $1`, [draft])
  const set = (ids: string[]) =>
    limit(market, { perProviderPerDayTokens: ids.map((providerId) => ({ providerId, tokens: 1 })) })
  for (const id of [draft, `prv_${'0'.repeat(26)}`]) {
    const answer = await set([market.providerId, id])
    expect([answer.status, answer.body.code]).toEqual([404, 'provider_not_found'])
  }
  expect((await set([market.providerId, market.providerId])).status).toBe(400)
  expect((await read(market)).perProviderPerDayTokens).toEqual([])
})
