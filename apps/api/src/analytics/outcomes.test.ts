import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addProvider, addUser } from '../../test/harness.ts'
import { type SessionMarket, startSessionMarket } from '../../test/session-market.ts'
import { sweepSessions } from '../sessions/sweep-sessions.ts'
import { QUARTER_MS } from './activity.ts'
import { INSTANT_MS } from './outcomes.ts'
import { rollUpActivity } from './roll-up-activity.ts'
import { rollUpOutcomes, rollUpOutcomesAgain } from './roll-up-outcomes.ts'

let it: SessionMarket
const begin = new Date('2026-03-01T12:00:00.000Z')
const VARIANTS = ['top', 'side', 'none'] as const

/** Five days of sessions that end in every way, half of them shown something, and looks at the listing between them. */
beforeAll(async () => {
  it = await startSessionMarket()
  const { api, users, providerId } = it
  const sweep = () =>
    sweepSessions(api.deps.db, { now: api.clock.now(), marketplaceUrl: 'http://localhost:4001' })
  for (let round = 0; round < 10; round += 1) {
    for (let look = 0; look <= round % 3; look += 1) await seeListing(`Visitor ${round} ${look}`)
    const played = await it.validate(await it.open(users[round % 3]!))
    await expose(played, 'toolbar', VARIANTS[round % 3]!)
    if (round % 2) await expose(played, 'colour', 'red')
    if (round % 4 === 3) await tell(played, 'heartbeat', { sequence: 1 })
    else {
      api.clock.advance({ seconds: round * 4 })
      await tell(played, 'complete', { sequence: 1, activeMs: round * 4000 })
    }
    if (round % 3 === 0) await it.open(users[0]!)
    if (round % 5 === 0) await expose(await it.validate(await it.open(users[1]!)), 'toolbar', 'side')
    api.clock.advance({ hours: 1 })
    await sweep()
    api.clock.advance({ hours: 11, minutes: 7 })
  }
  const other = await addProvider(api, { ownerId: it.owner.id })
  await it.play({ user: users[0]!, minutes: 1, of: other })
  await seeListing('Visitor of another', other)
  // One still runs, and one was opened on its day and ended.
  await expose(await it.validate(await it.open(users[2]!, providerId, 300)), 'toolbar', 'top')
  await it.play({ user: users[1]!, minutes: 3 })
}, 60_000)
afterAll(() => it.close())

const seeListing = (agent: string, id = it.providerId) =>
  it.api.call('GET', `/providers/${id}`, { headers: { 'user-agent': agent } })
type Client = Awaited<ReturnType<SessionMarket['validate']>>
const tell = ({ session, sessionJwt, clientId }: Client, verb: string, body: object) =>
  it.api.call('POST', `/api/v1/sessions/${session.id}/${verb}`, {
    token: sessionJwt,
    body: { clientId, ...body },
  })
async function expose({ session, sessionJwt }: Client, experiment: string, variant: string) {
  const body = { experiment, variant }
  const path = `/api/v1/sessions/${session.id}/exposures`
  expect((await it.api.call('POST', path, { token: sessionJwt, body })).status).toBe(200)
}
const whole = () => ({ from: begin.toISOString(), to: it.api.clock.now().toISOString() })
const ask = (what: string, query: Record<string, string> = {}, headers: Record<string, string> = {}) =>
  it.as(it.owner, 'GET', `/providers/${it.providerId}/analytics/${what}?${new URLSearchParams(query)}`, {
    headers,
  })

interface Raw {
  id: string
  at: Date
  startedAt: Date | null
  endReason: string | null
  usedMs: number
  isFirstBeatDue: boolean
  gross: number
}
/** The sessions as the tables and the ledger have them, by nothing that the figures use. */
const readSessions = () =>
  it.api.deps.db.batch.query<Raw>(
    `select id, created_at as at, started_at as "startedAt", end_reason as "endReason", used_ms as "usedMs",
       is_first_beat_due as "isFirstBeatDue",
       coalesce((select sum(amount) from transfers t where t.session_id = s.id and kind = 'charge'), 0) as gross
     from sessions s where provider_id = $1`,
    [it.providerId],
  )
const dayOf = (at: Date, timeZone: string) => at.toLocaleDateString('en-CA', { timeZone })

describe.each(['computed', 'rolled up', 'looked at again'])('figures %s', (how) => {
  beforeAll(async () => {
    if (how === 'computed') return
    const { db } = it.api.deps
    const until = await rollUpOutcomes(db, { now: it.api.clock.now() })
    // Not past the session that still runs, and not far before it.
    expect(it.api.clock.now().getTime() - until.getTime()).toBeLessThan(3_600_000)
    if (how === 'looked at again') await rollUpOutcomesAgain(db)
    const [{ count }] = (await db.batch.query<{ count: number }>(
      'select count(*) from outcome_quarters where provider_id = $1',
      [it.providerId],
    )) as [{ count: number }]
    expect(count).toBeGreaterThanOrEqual(10)
  })

  test.each([
    'UTC',
    'Asia/Kathmandu',
    'America/New_York',
  ])('of the funnel are what the tables say, in %s', async (timeZone) => {
    const { status, body } = await ask('funnel', { ...whole(), timeZone })
    expect(status).toBe(200)
    const sessions = await readSessions()
    const stagesOf = (of: Raw[]) => ({
      opened: of.length,
      validated: of.filter(({ startedAt }) => startedAt).length,
      firstBeat: of.filter(isUsed).length,
      completed: of.filter(({ endReason }) => endReason === 'completed').length,
    })
    for (const { start, seen, ...stages } of body.rows) {
      const day = dayOf(new Date(start), timeZone)
      expect({ start, ...stages }).toEqual({
        start,
        ...stagesOf(sessions.filter(({ at }) => dayOf(at, timeZone) === day)),
      })
      expect(seen).toBeGreaterThanOrEqual(0)
    }
    expect(body).toMatchObject(stagesOf(sessions))
    const count = (test: (session: Raw) => unknown) => sessions.filter(test).length
    expect(body.running).toBe(1)
    expect(body.brokenOff).toEqual({
      neverValidated: count(({ endReason, startedAt }) => endReason && !startedAt),
      neverUsed: count(
        (session) =>
          session.startedAt &&
          !isUsed(session) &&
          session.endReason !== null &&
          session.endReason !== 'completed',
      ),
      whileUsed: count((session) => session.endReason === 'abandoned' && isUsed(session)),
    })
    expect(Object.values(body.ended as Record<string, number>).reduce((a, b) => a + b, 0)).toBe(
      sessions.length - 1,
    )
    // Each round one, two or three visitors looked; a listing of another provider is not this one's.
    expect(body.seen).toBe(19)
    expect(body.rows.reduce((sum: number, { seen }: { seen: number }) => sum + seen, 0)).toBe(19)
  })

  test('of experiments are what the tables and the ledger say', async () => {
    const { body } = await ask('experiments', whole())
    const sessions = new Map((await readSessions()).map((session) => [session.id, session]))
    const exposures = await it.api.deps.db.batch.query<{ id: string; experiment: string; variant: string }>(
      'select session_id as id, experiment, variant from exposures',
    )
    const expected = [...new Set(exposures.map(({ experiment, variant }) => `${experiment} ${variant}`))]
      .sort()
      .map((name) => {
        const of = exposures
          .filter(({ experiment, variant }) => `${experiment} ${variant}` === name)
          .map(({ id }) => sessions.get(id)!)
        const ended = of.filter(({ endReason }) => endReason)
        const [experiment, variant] = name.split(' ')
        return {
          experiment,
          variant,
          exposed: of.length,
          ended: ended.length,
          completed: ended.filter(({ endReason }) => endReason === 'completed').length,
          minutes: ended.reduce((sum, { usedMs }) => sum + usedMs, 0) / 60_000,
          gross: ended.reduce((sum, { gross }) => sum + gross, 0),
        }
      })
    expect(expected.map(({ experiment, variant }) => `${experiment} ${variant}`)).toEqual([
      'colour red',
      'toolbar none',
      'toolbar side',
      'toolbar top',
    ])
    expect(body.variants).toEqual(
      expected.map((one) => expect.objectContaining({ ...one, minutes: expect.closeTo(one.minutes, 3) })),
    )
    expect(body.isCut).toBe(false)
    const top = body.variants.at(-1)
    expect([top.exposed - top.ended, top.completedShare]).toEqual([1, round(top.completed / top.ended)])
    expect(top.completedShareLow).toBeLessThan(top.completedShare)
    expect(top.completedShareHigh).toBeGreaterThan(top.completedShare)
  })
})
const isUsed = ({ startedAt, usedMs, isFirstBeatDue }: Raw) =>
  startedAt !== null && (usedMs > 0 || !isFirstBeatDue)
const round = (value: number) => Math.round(value * 10_000) / 10_000

test('a running session is in the figures at once, and in the written ones when it has ended', async () => {
  const { api } = it
  const { db } = api.deps
  const client = await it.validate(await it.open(it.users[0]!))
  const before = (await ask('funnel', whole())).body
  api.clock.advance({ hours: 2 })
  const stuck = await rollUpOutcomes(db, { now: api.clock.now() })
  await tell(client, 'complete', { sequence: 1 })
  await sweepSessions(db, { now: api.clock.now(), marketplaceUrl: 'http://localhost:4001' })
  api.clock.advance({ hours: 24 })
  await sweepSessions(db, { now: api.clock.now(), marketplaceUrl: 'http://localhost:4001' })
  const reached = await rollUpOutcomes(db, { now: api.clock.now() })
  expect(reached.getTime() - stuck.getTime()).toBeGreaterThan(20 * 3_600_000)
  const after = (await ask('funnel', { ...whole(), to: before.to })).body
  expect([before.running, after.running]).toEqual([2, 0])
  expect(after.opened).toBe(before.opened)
  expect(await rollUpOutcomes(db, { now: api.clock.now() })).toEqual(reached)
})

test.each([
  { what: 'what happened', rollUp: rollUpActivity },
  { what: 'what became of sessions', rollUp: rollUpOutcomes },
])('$what in a quarter of an hour is written ten minutes after it is over, and not before', async ({
  rollUp,
}) => {
  const { clock, deps } = it.api
  const over = Math.ceil(clock.now().getTime() / QUARTER_MS) * QUARTER_MS
  clock.advance({ ms: over + 10 * 60_000 - 1 - clock.now().getTime() })
  expect(await rollUp(deps.db, { now: clock.now() })).toEqual(new Date(over - QUARTER_MS))
  clock.advance({ ms: 1 })
  expect(await rollUp(deps.db, { now: clock.now() })).toEqual(new Date(over))
})

test('instant completions are those that used less than ten seconds', async () => {
  const [written] = await it.api.deps.db.batch.query<{ instant: number }>(
    'select sum(instantly_completed) as instant from outcome_quarters where provider_id = $1',
    [it.providerId],
  )
  const sessions = await readSessions()
  const instant = sessions.filter(({ endReason, usedMs }) => endReason === 'completed' && usedMs < INSTANT_MS)
  expect(instant.length).toBeGreaterThan(0)
  expect(written?.instant).toBe(instant.length)
})

describe('as CSV', () => {
  test.each(['funnel', 'experiments', 'retention'])('the %s has a line per row of the JSON', async (what) => {
    const json = (await ask(what, {})).body
    const csv = await ask(what, {}, { accept: 'text/csv' })
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8')
    expect(csv.headers['content-disposition']).toMatch(/^attachment; filename="prv_[\w-]+\.csv"$/)
    const [head, ...lines] = csv.text.trimEnd().split('\r\n')
    const rows = json.rows ?? json.variants ?? json.cohorts.flatMap(({ periods }: { periods: [] }) => periods)
    expect(lines).toHaveLength(rows.length)
    expect(lines.every((line) => line.split(',').length === head!.split(',').length)).toBe(true)
  })
})

test('test keys see test sessions and nothing else', async () => {
  const { body } = await it.as(it.owner, 'POST', `/providers/${it.providerId}/api-keys`, {
    body: { name: 'Test', scopes: ['analytics:read'], mode: 'test' },
  })
  const path = `/providers/${it.providerId}/analytics`
  const funnel = await it.api.call('GET', `${path}/funnel`, { token: body.secret })
  expect(funnel.body).toMatchObject({ seen: 0, opened: 0 })
  const experiments = await it.api.call('GET', `${path}/experiments`, { token: body.secret })
  expect(experiments.body.variants).toEqual([])
})

test.each(['funnel', 'experiments', 'retention'])('the %s of somebody else does not exist', async (what) => {
  const stranger = await addUser(it.api)
  const path = `/providers/${it.providerId}/analytics/${what}`
  expect((await it.api.call('GET', path)).status).toBe(401)
  const foreign = await it.as(stranger, 'GET', path)
  expect([foreign.status, foreign.body.code]).toEqual([404, 'provider_not_found'])
})

test.each([
  ['retention', { interval: 'day' }],
  ['retention', { periods: '0' }],
  ['retention', { periods: '27' }],
  ['retention', { periods: '1.5' }],
  ['retention', { from: '2026-03-01' }],
  ['experiments', { interval: 'day' }],
  ['experiments', { timeZone: 'Mars/Olympus' }],
  ['funnel', { interval: 'week' }],
  ['funnel', { from: '2026-01-01', to: '2026-03-01', interval: 'hour' }],
])('%s with %j is refused by name', async (what, query) => {
  const { status, body } = await ask(what, query as Record<string, string>)
  expect([status, body.code]).toEqual([400, 'validation_failed'])
})
