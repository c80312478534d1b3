/**
 * On the database's own clock, because that is what a process is held against.
 *
 * @module
 */
import { parseCrontab, type TaskList } from 'graphile-worker'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { addUser, startTestApi, type TestApi } from '../test/harness.ts'
import { createId, PUBLIC_TENANT_ID } from './id.ts'
import { measureClockAheadMs, whenClocksAgree } from './when-clocks-agree.ts'
import { BY_THE_CLOCK, CRON, createTasks } from './worker.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

let api: TestApi
const said: { msg: string; job: string; aheadSeconds: number }[] = []

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())
beforeEach(() => {
  said.length = 0
})

const clockAhead = (ms: number) => () => new Date(Date.now() + ms)

/** A worker of a process whose clock is so far ahead of the database's. */
function tasksOf(aheadMs: number): TaskList {
  const log = pino({ level: 'error' }, { write: (line: string) => said.push(JSON.parse(line)) })
  const deps = { ...api.deps, log, clock: clockAhead(aheadMs) }
  return whenClocksAgree(createTasks(deps), BY_THE_CLOCK, deps)
}
const run = async (name: string, aheadMs: number) => tasksOf(aheadMs)[name]?.({}, {} as never)

/** An answer that is repeated for a day, given so long ago. */
async function keep(key: string, hoursAgo: number): Promise<void> {
  await api.deps.db.batch.query(
    `insert into idempotency_keys (tenant_id, caller, route, key, request_hash, created_at)
     select id, 'x', 'x', $1, '', clock_timestamp() - $2 * interval '1 hour' from tenants limit 1`,
    [key, hoursAgo],
  )
}
const kept = async () =>
  (await api.deps.db.batch.query<{ key: string }>('select key from idempotency_keys order by key')).map(
    ({ key }) => key,
  )
const rolledUntil = async () =>
  (await api.deps.db.batch.query('select rolled_until as at from activity_progress'))[0]

/** A purchase that is to be asked about then. */
async function begin(reconcileAt: Date): Promise<string> {
  const id = createId('pur', new Date())
  const { id: userId } = await addUser(api)
  await api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
    tx.query(
      `insert into purchases (id, user_id, status, tokens, amount_cents, currency, discount_percent, created_at, reconcile_at)
       values ($1, $2, 'pending', 100, 100, 'usd', 0, clock_timestamp(), $3)`,
      [id, userId, reconcileAt],
    ),
  )
  return id
}

describe.each([
  ['ahead', 25 * HOUR],
  ['ahead by six minutes', 6 * MINUTE],
  ['behind', -25 * HOUR],
])('a worker whose clock is %s', (_what, aheadMs) => {
  test('forgets no answer that is still repeated, and says so', async () => {
    await api.deps.db.batch.query('delete from idempotency_keys')
    await keep('asked again', 1)
    await keep('long over', 49)
    await run('forget-old-rows', aheadMs)
    expect(await kept()).toEqual(['asked again', 'long over'])
    expect(said).toMatchObject([
      { msg: 'a job is left out: this clock and that of the database differ', job: 'forget-old-rows' },
    ])
    expect(said[0]!.aheadSeconds / (aheadMs / 1000)).toBeCloseTo(1, 1)
  })

  test('says of no figures that they are written', async () => {
    await run('roll-up-activity', aheadMs)
    expect(await rolledUntil()).toEqual({ at: null })
  })

  test('puts off no purchase of which Stripe has to be asked', async () => {
    const dueAt = new Date(Date.now() - MINUTE)
    const id = await begin(dueAt)
    await run('reconcile-purchases', aheadMs)
    const { query } = api.deps.db.batch
    expect(await query('select reconcile_at as at from purchases where id = $1', [id])).toEqual([
      { at: dueAt },
    ])
  })

  test('proves the books at no other time than it is: the newest proof is what alerts go by', async () => {
    await run('check-ledger', aheadMs)
    expect(await api.deps.db.batch.query('select id from ledger_checks')).toEqual([])
  })
})

test.each([
  ['agrees', 0],
  ['is a little ahead', 2 * MINUTE],
  ['is a little behind', -2 * MINUTE],
])('a worker whose clock %s does it all', async (_what, aheadMs) => {
  await api.deps.db.batch.query('delete from idempotency_keys')
  await keep('asked again', 1)
  await keep('long over', 49)
  await run('forget-old-rows', aheadMs)
  expect(await kept()).toEqual(['asked again'])
  expect(said).toEqual([])
})

test('every job that is left out comes again by the schedule, and no other of the schedule does harm by a wrong clock', () => {
  const scheduled = parseCrontab(CRON).map(({ task }) => task)
  expect(BY_THE_CLOCK.filter((name) => !scheduled.includes(name))).toEqual([])
  // These go by no clock, or only note by it when they did what they do.
  expect(scheduled.filter((name) => !BY_THE_CLOCK.includes(name)).sort()).toEqual([
    'chain-audit',
    'notice-low-balances',
    'roll-up-accounts',
    'roll-up-activity-again',
  ])
})

test('the way to the database and back is no difference', async () => {
  const { db } = api.deps
  expect(Math.abs(await measureClockAheadMs({ db, clock: clockAhead(0) }))).toBeLessThan(1_000)
  for (const ms of [HOUR, -HOUR])
    expect((await measureClockAheadMs({ db, clock: clockAhead(ms) })) / ms).toBeCloseTo(1, 1)
})
