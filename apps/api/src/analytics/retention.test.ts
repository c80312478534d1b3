import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addProvider } from '../../test/harness.ts'
import { type SessionMarket, startSessionMarket } from '../../test/session-market.ts'
import { rollUpActivity, rollUpActivityAgain } from './roll-up-activity.ts'

let it: SessionMarket

/** Ten weeks, across two changes of the month: some come each week, some now and then, some once. */
beforeAll(async () => {
  it = await startSessionMarket({ users: 6 })
  const other = await addProvider(it.api, { ownerId: it.owner.id })
  for (let day = 0; day < 70; day += 1) {
    for (const [index, user] of it.users.entries()) {
      const begins = index * 9
      const every = [1, 4, 7, 15, 30, 100][index]!
      if (day >= begins && (day - begins) % every === 0) await it.validate(await it.open(user))
      if (day === 0) await it.validate(await it.open(user, other))
    }
    // Each day at another hour, so that people come on both sides of midnight in every zone.
    it.api.clock.advance({ hours: 23, minutes: 25 })
  }
}, 120_000)
afterAll(() => it.close())

const ask = async (query: Record<string, string> = {}) =>
  (
    await it.as(
      it.owner,
      'GET',
      `/providers/${it.providerId}/analytics/retention?${new URLSearchParams(query)}`,
    )
  ).body

/** The first day of the week or month an instant lies in, by the other implementation there is. */
function periodOf(at: Date, interval: string, timeZone: string): string {
  const day = new Date(at.toLocaleDateString('en-CA', { timeZone }))
  if (interval === 'month') day.setUTCDate(1)
  else day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7))
  return day.toISOString().slice(0, 10)
}

async function compareWithTables(interval: 'week' | 'month', timeZone: string) {
  const body = await ask({ interval, periods: '14', timeZone })
  const starts = await it.api.deps.db.batch.query<{ userId: string; at: Date }>(
    `select user_id as "userId", started_at as at from sessions
     where provider_id = $1 and started_at is not null and started_at < $2`,
    [it.providerId, body.until],
  )
  const periods = new Map<string, Set<string>>()
  for (const { userId, at } of starts) {
    periods.set(userId, (periods.get(userId) ?? new Set()).add(periodOf(at, interval, timeZone)))
  }
  const people = [...periods.values()].map((all) => ({ first: [...all].sort()[0]!, all }))
  expect(body).toMatchObject({ interval, timeZone })
  expect(body.cohorts).toHaveLength(14)
  for (const cohort of body.cohorts) {
    const ours = people.filter(({ first }) => first === cohort.start)
    expect([cohort.start, cohort.users]).toEqual([cohort.start, ours.length])
    for (const period of cohort.periods) {
      const users = ours.filter(({ all }) => all.has(period.start)).length
      expect([cohort.start, period]).toEqual([
        cohort.start,
        {
          start: period.start,
          users,
          share: ours.length === 0 ? null : Math.round((users / ours.length) * 10_000) / 10_000,
        },
      ])
    }
  }
  const all = body.cohorts.reduce((sum: number, { users }: { users: number }) => sum + users, 0)
  expect(all).toBe(people.length)
}

test('says that nothing is counted before it is', async () => {
  const body = await ask()
  expect(body).toMatchObject({ interval: 'week', timeZone: 'UTC', until: null })
  expect(body.cohorts).toHaveLength(12)
  expect(body.cohorts.at(-1).periods).toHaveLength(1)
})

// New York and St. John's change clocks on 8 March 2026, Berlin on 29 March.
const ZONES = [
  'UTC',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'America/St_Johns',
  'America/New_York',
  'Europe/Berlin',
  'Pacific/Apia',
  'Pacific/Marquesas',
]

describe.each(['rolled up', 'after the second look'])('%s', (how) => {
  beforeAll(async () => {
    const { db, clock } = it.api.deps
    await rollUpActivity(db, { now: clock() })
    if (how === 'after the second look') await rollUpActivityAgain(db)
  })
  test.each(
    ZONES.flatMap((zone) => (['week', 'month'] as const).map((interval) => [interval, zone] as const)),
  )('by the %s in %s, cohorts are what the tables say', compareWithTables)
})

test('the running week is counted up to the last roll-up', async () => {
  const { db, clock } = it.api.deps
  const before = await ask()
  await it.validate(await it.open(it.users[5]!))
  it.api.clock.advance({ hours: 1 })
  const until = await rollUpActivity(db, { now: clock() })
  const after = await ask()
  expect(after.until).toBe(until.toISOString())
  const usersNow = ({ cohorts }: typeof before) =>
    cohorts.reduce(
      (sum: number, { periods }: { periods: { users: number }[] }) => sum + periods.at(-1)!.users,
      0,
    )
  expect(usersNow(after)).toBe(usersNow(before) + 1)
  await compareWithTables('week', 'Asia/Kathmandu')
})
