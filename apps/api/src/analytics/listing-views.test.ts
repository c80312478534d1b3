import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  accessTokenOf,
  addProvider,
  addUser,
  startTestApi,
  type TestApi,
  type TestUser,
} from '../../test/harness.ts'
import type { Db } from '../db.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import {
  createListingViews,
  isAutomatic,
  type ListingViews,
  SAME_VIEW_MS,
  VISITORS_MAX,
} from './listing-views.ts'

let api: TestApi
let owner: TestUser
let providerId: string
let views: ListingViews
let isAway: boolean

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  owner = await addUser(api)
  providerId = await addProvider(api, { ownerId: owner.id })
  isAway = false
  const query: Db['batch']['query'] = (sql, values) =>
    isAway ? Promise.reject(new Error('no database')) : api.deps.db.batch.query(sql, values)
  const db = { ...api.deps.db, batch: { query } }
  views = createListingViews({ db, clock: api.clock.now, log: pino({ level: 'silent' }) })
})

const look = (address: string, agent = 'Mozilla/5.0') =>
  views.note({ tenantId: PUBLIC_TENANT_ID, providerId, address, headers: { 'user-agent': agent } })
async function counted(): Promise<number> {
  await views.flush()
  const [row] = await api.deps.db.batch.query<{ views: number }>(
    'select coalesce(sum(views), 0) as views from listing_views where provider_id = $1',
    [providerId],
  )
  return row?.views ?? -1
}

test('a visitor who looks again within half an hour still looks', async () => {
  look('192.0.2.1')
  api.clock.advance({ minutes: 29 })
  look('192.0.2.1')
  api.clock.advance({ minutes: 29 })
  look('192.0.2.1')
  expect(await counted()).toBe(1)
  api.clock.advance({ ms: SAME_VIEW_MS })
  look('192.0.2.1')
  look('192.0.2.2')
  look('192.0.2.1', 'Mozilla/5.0 (another browser of the same house)')
  expect(await counted()).toBe(4)
})

test('a page that refreshes by itself all day counts once', async () => {
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    look('192.0.2.1')
    api.clock.advance({ minutes: 1 })
  }
  expect(await counted()).toBe(1)
})

test.each([
  'Googlebot/2.1 (+http://www.google.com/bot.html)',
  'Mozilla/5.0 (compatible; bingbot/2.0)',
  'Twitterbot/1.0',
  'facebookexternalhit/1.1',
  'curl/8.5.0',
  'python-requests/2.31',
  'Mozilla/5.0 HeadlessChrome/120.0',
  '',
])('%j is nobody who looks', (agent) => {
  expect(isAutomatic({ 'user-agent': agent })).toBe(true)
})

test.each([
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50) AppleWebKit/537.36 Chrome/138.0 Mobile Safari/537.36',
  'node',
])('%j may be somebody', (agent) => {
  expect(isAutomatic({ 'user-agent': agent })).toBe(false)
})

test('what a browser fetches ahead was not seen', () => {
  const agent = { 'user-agent': 'Mozilla/5.0' }
  expect(isAutomatic({ ...agent, 'sec-purpose': 'prefetch;prerender' })).toBe(true)
  expect(isAutomatic({ ...agent, purpose: 'prefetch' })).toBe(true)
  expect(isAutomatic({ ...agent, 'sec-fetch-mode': 'cors' })).toBe(false)
})

describe('a database that is away', () => {
  test('costs no count and no answer', async () => {
    isAway = true
    look('192.0.2.1')
    await views.flush()
    look('192.0.2.2')
    await views.flush()
    isAway = false
    expect(await counted()).toBe(2)
    expect(await counted()).toBe(2)
  })
})

test('memory of visitors is bounded: who was silent longest is forgotten first', async () => {
  look('first')
  for (let visitor = 2; visitor < VISITORS_MAX; visitor += 1) look(`visitor ${visitor}`)
  look('first')
  // Both halves are full now but for one: all that were met are known.
  expect(await counted()).toBe(VISITORS_MAX - 1)
  look('one more')
  look('visitor 2')
  look('first')
  look(`visitor ${VISITORS_MAX - 1}`)
  expect(await counted()).toBe(VISITORS_MAX + 1)
})

test('stopping writes what was counted', async () => {
  const stop = views.start()
  look('192.0.2.1')
  await stop()
  expect(await counted()).toBe(1)
})

describe('GET /providers/{id}', () => {
  const seen = async () => {
    const [row] = await api.deps.db.batch.query<{ views: number }>(
      'select coalesce(sum(views), 0) as views from listing_views where provider_id = $1',
      [providerId],
    )
    return row?.views
  }
  const get = (headers: Record<string, string>, id = providerId) =>
    api.call('GET', `/providers/${id}`, { headers })

  test('counts looks; a search, a head, a robot and what is not listed are none', async () => {
    await get({ 'user-agent': 'Mozilla/5.0 (one)' })
    const { headers } = await get({ 'user-agent': 'Mozilla/5.0 (two)' })
    // One who has the page already and asks whether it changed looks at it.
    const again = await get({ 'user-agent': 'Mozilla/5.0 (three)', 'if-none-match': String(headers.etag) })
    expect(again.status).toBe(304)
    await get({ 'user-agent': 'Googlebot/2.1' })
    await api.call('GET', '/providers', { headers: { 'user-agent': 'Mozilla/5.0 (four)' } })
    await api.app.inject({
      method: 'HEAD',
      url: `/providers/${providerId}`,
      headers: { 'user-agent': 'Mozilla/5.0 (five)' },
    })
    const missing = 'prv_00000000000000000000000000'
    expect((await get({ 'user-agent': 'Mozilla/5.0' }, missing)).status).toBe(404)
    // Reading the funnel writes what this instance has counted.
    const token = await accessTokenOf(api, owner.id)
    const funnel = await api.call('GET', `/providers/${providerId}/analytics/funnel`, { token })
    expect([funnel.status, funnel.body.seen, await seen()]).toEqual([200, 3, 3])
  })
})
