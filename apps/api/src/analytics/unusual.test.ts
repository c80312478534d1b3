import { afterAll, beforeAll, expect, test } from 'vitest'
import { addProvider, addUser, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { noticeUnusualProviders } from './notice-unusual-providers.ts'

let api: TestApi
let operator: TestUser
let ownerId: string

beforeAll(async () => {
  api = await startTestApi()
  operator = await addUser(api, { isOperator: true })
  ownerId = (await addUser(api)).id
  const now = api.clock.now()
  await api.deps.db.batch.query(`update analytics_progress set written_until = $1 where what = 'outcomes'`, [
    now,
  ])
})
afterAll(() => api.close())

/** Outcomes as the roll-up writes them. */
async function play(name: string, ended: number, instant: number, { daysAgo = 1, isTest = false } = {}) {
  const providerId = await addProvider(api, { ownerId, name })
  const quarter = new Date(api.clock.now().getTime() - daysAgo * 86_400_000)
  await api.deps.db.batch.query(
    `insert into outcome_quarters (tenant_id, provider_id, is_test, quarter, opened, validated, first_beat, completed,
       expired, abandoned, cancelled, revoked, never_validated, never_used, while_used, instantly_completed)
     values ($1, $2, $3, $4, $5::int, $5::int, $5::int, $5::int, 0, 0, 0, 0, 0, 0, 0, $6)`,
    [PUBLIC_TENANT_ID, providerId, isTest, quarter, ended, instant],
  )
  return providerId
}
const ask = (token = operator.token) => api.call('GET', '/operators/providers/unusual', { token })

test('nobody stands out before anybody has looked', async () => {
  expect((await ask()).body).toEqual({ lookedAt: null, items: [] })
})

test('stands out who completes at once far more often than everybody else, with enough sessions to say so', async () => {
  const usual = await play('Usual', 1000, 60)
  const odd = await play('Odd', 60, 30)
  const oddest = await play('<b>Oddest</b>', 50, 45)
  await play('Too few sessions', 49, 49)
  await play('Often, not unusually often', 100, 19)
  await play('Long ago', 100, 100, { daysAgo: 31 })
  await play('In tests', 100, 100, { isTest: true })
  const now = api.clock.now()
  await noticeUnusualProviders(api.deps.db, { now })
  const { body } = await ask()
  expect(body.lookedAt).toBe(now.toISOString())
  expect(body.items.map(({ id, share }: { id: string; share: number }) => [id, share])).toEqual([
    [oddest, 0.9],
    [odd, 0.5],
  ])
  const others = (60 + 45 + 49 + 19) / (1000 + 50 + 49 + 100)
  expect(body.items[1]).toMatchObject({ ended: 60, instantlyCompleted: 30 })
  expect(body.items[1].usualShare).toBeCloseTo(others, 9)
  expect(JSON.stringify(body)).not.toContain(usual)

  // What everybody does stands out no more.
  for (const name of ['Everybody', 'and their friends']) await play(name, 10_000, 6_000)
  await noticeUnusualProviders(api.deps.db, { now })
  expect((await ask()).body.items).toEqual([])
})

test('to everybody else the route does not exist', async () => {
  const user = await addUser(api)
  expect((await ask(user.token)).status).toBe(404)
  expect((await api.call('GET', '/operators/providers/unusual')).status).toBe(401)
})
