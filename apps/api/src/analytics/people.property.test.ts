/**
 * People of any range and cohorts in any time zone against sets of names, whatever was rolled up when, looked at again
 * or found late.
 *
 * @module
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accessTokenOf, addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { createId, PUBLIC_TENANT_ID } from '../id.ts'
import { rollUpActivity, rollUpActivityAgain } from './roll-up-activity.ts'

const ZONES = ['UTC', 'Asia/Kathmandu', 'America/St_Johns', 'Europe/Berlin', 'Australia/Lord_Howe']

let api: TestApi
let ownerId: string
let userIds: string[]

beforeAll(async () => {
  api = await startTestApi()
  ownerId = (await addUser(api)).id
  userIds = (await Promise.all(Array.from({ length: 5 }, () => addUser(api)))).map(({ id }) => id)
})
afterAll(() => api.close())

type Step =
  | { kind: 'come'; who: number; afterMinutes: number; isTest: boolean }
  | { kind: 'comeLate'; who: number; beforeMinutes: number }
  | { kind: 'clockAhead'; who: number; byMinutes: number; afterMinutes: number }
  | { kind: 'rollUp' }

const who = fc.nat(4)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('come' as const),
      who,
      afterMinutes: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 6 * 1440 })),
      isTest: fc.nat(9).map((n) => n === 0),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('comeLate' as const),
      who,
      beforeMinutes: fc.integer({ min: 0, max: 2 * 1440 - 30 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('clockAhead' as const),
      who,
      byMinutes: fc.integer({ min: 45, max: 5 * 1440 }),
      afterMinutes: fc.integer({ min: 0, max: 25 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'rollUp' as const }) },
)

interface Visit {
  userId: string
  at: Date
}

async function come(providerId: string, { userId, at, isTest = false }: Visit & { isTest?: boolean }) {
  const id = createId('ses', at)
  await api.deps.db.batch.query(
    `insert into sessions (tenant_id, id, user_id, provider_id, user_ref, is_test, status, end_reason, duration_ms,
       tokens_per_minute, fee_basis_points, tokens_held, tokens_charged, launch_jti, launch_expires_at, created_at,
       started_at, ended_at, sweep_at)
     values ($1, $2, $3, $4, 'ref', $6, 'ended', 'completed', 60000, 4, 2000, 4, 0, 'jti', $5, $5, $5, $5, $5)`,
    [PUBLIC_TENANT_ID, id, userId, providerId, at, isTest],
  )
  await api.deps.db.batch.query(
    `insert into events (tenant_id, id, type, provider_id, session_id, sequence, snapshot, created_at)
     values ($1, $2, 'session.started', $3, $4, 1, '{}', $5)`,
    [PUBLIC_TENANT_ID, createId('evt', at), providerId, id, at],
  )
}

/** The first day of the day, week or month in which an instant lies. */
function periodOf(at: Date, interval: string, timeZone: string): string {
  const day = new Date(at.toLocaleDateString('en-CA', { timeZone }))
  if (interval === 'month') day.setUTCDate(1)
  if (interval === 'week') day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7))
  return day.toISOString().slice(0, 10)
}

const namesOf = (visits: Visit[]) => new Set(visits.map(({ userId }) => userId))

function expectFigures(
  visits: Visit[],
  timeZone: string,
  { rows, totals, from, to }: { rows: Row[]; totals: Row; from: string; to: string },
) {
  const figuresOf = (start: Date, end: Date) => {
    const users = namesOf(visits.filter(({ at }) => at >= start && at < end))
    const before = namesOf(visits.filter(({ at }) => at < start))
    return { users: users.size, returningUsers: [...users].filter((id) => before.has(id)).length }
  }
  for (const [i, row] of rows.entries()) {
    const end = rows[i + 1]?.start ?? to
    expect([timeZone, row.start, row]).toMatchObject([
      timeZone,
      row.start,
      figuresOf(new Date(row.start), new Date(end)),
    ])
  }
  expect([timeZone, totals]).toMatchObject([timeZone, figuresOf(new Date(from), new Date(to))])
}
type Row = { start: string; users: number; returningUsers: number }

test('people and cohorts are what a set of names says', { timeout: 240_000 }, () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 40 }),
      fc.double({ min: 0, max: 0.9, noNaN: true }),
      async (steps, part) => {
        const providerId = await addProvider(api, { ownerId })
        const { db, clock } = api.deps
        const begin = clock()
        const visits: Visit[] = []
        for (const one of steps) {
          if (one.kind === 'rollUp') await rollUpActivity(db, { now: clock() })
          if (one.kind === 'come') {
            api.clock.advance({ ms: one.afterMinutes * 60_000 })
            const visit = { userId: userIds[one.who]!, at: clock() }
            await come(providerId, { ...visit, isTest: one.isTest })
            if (!one.isTest) visits.push(visit)
          }
          if (one.kind === 'comeLate') {
            // A clock that was wrong: what it wrote is found by the second look.
            await rollUpActivity(db, { now: clock() })
            const at = new Date(Math.max(begin.getTime(), clock().getTime() - one.beforeMinutes * 60_000))
            await come(providerId, { userId: userIds[one.who]!, at })
            visits.push({ userId: userIds[one.who]!, at })
            await rollUpActivityAgain(db)
          }
          if (one.kind === 'clockAhead') {
            // What happens behind its back is found by the next worker whose clock is right.
            await rollUpActivity(db, { now: new Date(clock().getTime() + one.byMinutes * 60_000) })
            api.clock.advance({ ms: one.afterMinutes * 60_000 })
            const visit = { userId: userIds[one.who]!, at: clock() }
            await come(providerId, visit)
            visits.push(visit)
            await rollUpActivity(db, { now: clock() })
          }
        }
        api.clock.advance({ ms: 60_000 })
        const token = await accessTokenOf(api, ownerId)
        const ask = async (path: string) => {
          const { status, body, text } = await api.call('GET', `/providers/${providerId}/analytics${path}`, {
            token,
          })
          if (status !== 200) throw new Error(text)
          return body
        }
        const later = new Date(begin.getTime() + part * (clock().getTime() - begin.getTime()))
        for (const timeZone of ZONES) {
          for (const from of [begin, later]) {
            const range = new URLSearchParams({
              from: from.toISOString(),
              to: clock().toISOString(),
              timeZone,
            })
            expectFigures(visits, timeZone, await ask(`?${range}&interval=day`))
          }
          for (const interval of ['week', 'month']) {
            const { until, cohorts } = await ask(
              `/retention?${new URLSearchParams({ interval, timeZone, periods: '8' })}`,
            )
            const counted = visits.filter(({ at }) => until && at < new Date(until))
            const firstOf = (id: string) =>
              counted
                .filter(({ userId }) => userId === id)
                .map(({ at }) => periodOf(at, interval, timeZone))
                .sort()[0]
            for (const cohort of cohorts) {
              for (const { start, users } of cohort.periods) {
                const came = namesOf(counted.filter(({ at }) => periodOf(at, interval, timeZone) === start))
                const expected = [...came].filter((id) => firstOf(id) === cohort.start).length
                expect([timeZone, cohort.start, start, users]).toEqual([
                  timeZone,
                  cohort.start,
                  start,
                  expected,
                ])
              }
            }
          }
        }
      },
    ),
    // To look for a shorter example would take longer than the test may.
    { numRuns: 12, endOnFailure: true },
  ),
)
