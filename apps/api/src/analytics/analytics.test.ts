import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectAs } from '../../test/database.ts'
import { addProvider, addUser } from '../../test/harness.ts'
import { type SessionMarket, startSessionMarket } from '../../test/session-market.ts'
import { ONE_VIEW } from '../db.ts'
import { createId, PUBLIC_TENANT_ID } from '../id.ts'
import { sweepSessions } from '../sessions/sweep-sessions.ts'
import { getAnalytics } from './get-analytics.ts'
import { getRange } from './range.ts'
import { rollUpActivity, rollUpActivityAgain } from './roll-up-activity.ts'

let it: SessionMarket
let path: string
const begin = new Date('2026-03-01T12:00:00.000Z')
const QUARTERS = 'select * from activity_quarters order by tenant_id, provider_id, is_test, quarter'
/** With the transaction that wrote each. */
const PEOPLE = 'select xmin::text, p.* from activity_people p order by tenant_id, provider_id, number'

/** Three and a half weeks of sessions, across the change of clocks in New York (8th) and Berlin (29th). */
beforeAll(async () => {
  it = await startSessionMarket()
  path = `/providers/${it.providerId}/analytics`
  const { api, users } = it
  const [a, b, c] = users as [(typeof users)[0], (typeof users)[0], (typeof users)[0]]
  for (let day = 0; day < 30; day += 1) {
    await it.play({ user: a, minutes: 7.2 })
    api.clock.advance({ hours: 5, minutes: 20 })
    if (day % 3 === 0) await it.play({ user: b, minutes: 1.5 })
    api.clock.advance({ hours: 6, minutes: 10 })
    if (day % 4 === 0) await it.open(c)
    if (day % 5 === 0) await it.validate(await it.open(c))
    api.clock.advance({ minutes: 40 })
    await sweepSessions(api.deps.db, { now: api.clock.now(), marketplaceUrl: 'http://localhost:4001' })
    api.clock.advance({ hours: 11, minutes: 7 })
  }
  // Bookings that nobody makes today: tokens taken back from the provider, and some of them given back.
  const database = await connectAs(api.databaseUrl)
  for (const [reference, from, to, amount, hours] of [
    ['a', it.providerId, 'promotions', 7, 3],
    ['b', it.providerId, 'promotions', 5, 400],
    ['c', 'platform_fee', it.providerId, 2, 401],
  ] as const) {
    const at = new Date(begin.getTime() + hours * 3_600_000)
    await database.query(
      `insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, reverses_id, description,
         created_at)
       values ($1, $2, 'correction', $3, $4, $5, $6, 'Corrected', $7)`,
      [PUBLIC_TENANT_ID, createId('trf', at), from, to, amount, reference, at],
    )
  }
  await database.end()
  // Another provider's sessions are nobody else's figures.
  const other = await addProvider(api, { ownerId: it.owner.id })
  await it.play({ user: a, minutes: 3, of: other })
}, 120_000)
afterAll(() => it.close())

const ask = async (query: Record<string, string> = {}, headers: Record<string, string> = {}) =>
  it.as(it.owner, 'GET', `${path}?${new URLSearchParams(query)}`, { headers })
const whole = () => ({ from: begin.toISOString(), to: it.api.clock.now().toISOString() })

interface Fact {
  at: Date
  opened?: number
  validated?: number
  completed?: number
  usedMs?: number
  gross?: number
  fee?: number
  refunded?: number
  userId?: string
}

/** Every fact from the tables themselves, by nothing that the roll-up uses. */
async function readFacts(): Promise<Fact[]> {
  const { db } = it.api.deps
  const sessions = await db.batch.query<{
    userId: string
    usedMs: number
    endReason: string | null
    createdAt: Date
    startedAt: Date | null
    endedAt: Date | null
  }>(
    `select user_id as "userId", used_ms as "usedMs", end_reason as "endReason", created_at as "createdAt",
       started_at as "startedAt", ended_at as "endedAt" from sessions where provider_id = $1`,
    [it.providerId],
  )
  const charges = await db.batch.query<{ at: Date; gross: number; fee: number; refunded: number }>(
    `select t.created_at as at, case when kind = 'charge' then amount else 0 end as gross,
       case when kind = 'fee' then amount else 0 end as fee,
       case when kind <> 'correction' then 0 when debit_account_id = $1 then amount else -amount end as refunded
     from transfers t where $1 in (debit_account_id, credit_account_id)`,
    [it.providerId],
  )
  return [
    ...charges,
    ...sessions.flatMap(({ userId, usedMs, endReason, createdAt, startedAt, endedAt }): Fact[] => [
      { at: createdAt, opened: 1 },
      ...(startedAt ? [{ at: startedAt, validated: 1, userId }] : []),
      ...(endedAt ? [{ at: endedAt, usedMs, completed: Number(endReason === 'completed') }] : []),
    ]),
  ]
}

/** In which hour, day or month of a time zone an instant lies, by the other implementation there is. */
function labelOf(at: Date, interval: string, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    ...(interval !== 'month' && { day: '2-digit' }),
    ...(interval === 'hour' && { hour: '2-digit', hourCycle: 'h23', timeZoneName: 'longOffset' }),
  })
  return parts.format(at)
}

const ZONES = ['UTC', 'Asia/Kolkata', 'Asia/Kathmandu', 'America/New_York', 'Europe/Berlin', 'Pacific/Apia']

describe.each(['computed', 'rolled up'])('figures %s', (how) => {
  beforeAll(async () => {
    if (how === 'computed') return
    await rollUpActivity(it.api.deps.db, { now: it.api.clock.now() })
    const [{ count }] = (await it.api.deps.db.batch.query<{ count: number }>(
      'select count(*) from activity_quarters where provider_id = $1',
      [it.providerId],
    )) as [{ count: number }]
    expect(count).toBeGreaterThan(50)
  })

  test.each(
    ZONES.flatMap((zone) => ['hour', 'day', 'month'].map((interval) => [interval, zone] as const)),
  )('by the %s in %s are what the tables say, row by row', async (interval, timeZone) => {
    const { status, body } = await ask({ ...whole(), interval, timeZone })
    expect(status).toBe(200)
    const expected = new Map<string, Fact[]>()
    const all = await readFacts()
    const firstUse = new Map<string, Date>()
    for (const { at, userId } of all) {
      if (userId && !(firstUse.get(userId)! <= at)) firstUse.set(userId, at)
    }
    for (const fact of all) {
      const label = labelOf(fact.at, interval, timeZone)
      expected.set(label, [...(expected.get(label) ?? []), fact])
    }
    const sum = (facts: Fact[], name: Exclude<keyof Fact, 'at' | 'userId'>) =>
      facts.reduce((total, fact) => total + (fact[name] ?? 0), 0)
    const usersOf = (facts: Fact[]) => [...new Set(facts.flatMap(({ userId }) => userId ?? []))]
    const figuresOf = (facts: Fact[], start: string) => ({
      opened: sum(facts, 'opened'),
      validated: sum(facts, 'validated'),
      completed: sum(facts, 'completed'),
      minutes: Math.round(sum(facts, 'usedMs') / 60) / 1000,
      users: usersOf(facts).length,
      gross: sum(facts, 'gross'),
      fee: sum(facts, 'fee'),
      net: sum(facts, 'gross') - sum(facts, 'fee'),
      returningUsers: usersOf(facts).filter((userId) => firstUse.get(userId)! < new Date(start)).length,
      refunded: sum(facts, 'refunded'),
    })
    let found = 0
    for (const { start, ...row } of body.rows) {
      const facts = expected.get(labelOf(new Date(start), interval, timeZone)) ?? []
      if (facts.length > 0) found += 1
      expect({ start, ...row }).toEqual({ start, ...figuresOf(facts, start) })
    }
    expect(found).toBe(expected.size)
    expect(body.totals).toEqual(figuresOf([...expected.values()].flat(), body.from))
    expect(body.totals.refunded).toBe(10)
  })

  test('add up to the ledger, to the token', async () => {
    const { body } = await ask({ ...whole(), interval: 'hour' })
    const [ledger] = await it.api.deps.db.batch.query<{ gross: number; fee: number }>(
      `select sum(amount) filter (where kind = 'charge') as gross, sum(amount) filter (where kind = 'fee') as fee
       from transfers where $1 in (debit_account_id, credit_account_id)`,
      [it.providerId],
    )
    const added = (name: string) =>
      body.rows.reduce((total: number, row: Record<string, number>) => total + row[name]!, 0)
    expect([added('gross'), added('fee')]).toEqual([ledger?.gross, ledger?.fee])
    expect(body.totals).toMatchObject({ ...ledger, net: ledger!.gross - ledger!.fee })
    expect(added('net')).toBe(ledger!.gross - ledger!.fee)
    // 30 of 7.2 minutes are 29 each, 10 of 1.5 are 6.
    expect(ledger?.gross).toBe(30 * 29 + 10 * 6)
  })
})

describe('the roll-up', () => {
  test('changes nothing when it is repeated, or looks again', async () => {
    const { db, clock } = it.api.deps
    await rollUpActivity(db, { now: clock() })
    const read = () => Promise.all([QUARTERS, PEOPLE].map((sql) => db.batch.query(sql)))
    const before = await read()
    await Promise.all([rollUpActivity(db, { now: clock() }), rollUpActivity(db, { now: clock() })])
    await rollUpActivityAgain(db)
    expect(await read()).toEqual(before)
  })

  test('leaves the last minutes to the reader, who sees them at once', async () => {
    const { db, clock } = it.api.deps
    const before = (await ask({ interval: 'day' })).body.totals
    await it.play({ user: it.users[0]!, minutes: 2 })
    const until = await rollUpActivity(db, { now: clock() })
    expect(clock().getTime() - until.getTime()).toBeGreaterThanOrEqual(10 * 60_000)
    const after = (await ask({ interval: 'day' })).body.totals
    expect([after.opened - before.opened, after.gross - before.gross]).toEqual([1, 8])
  })

  test('knows who is new before and after they are written', async () => {
    const { db, clock } = it.api.deps
    const range = { ...whole(), from: new Date(begin.getTime() + 10 * 86_400_000).toISOString() }
    const before = (await ask({ ...range, interval: 'day' })).body.totals
    expect([before.users, before.returningUsers]).toEqual([3, 3])
    await it.play({ user: await addUser(it.api, { tokens: 100 }), minutes: 1 })
    await it.play({ user: it.users[1]!, minutes: 1 })
    const of = async (interval: string) => {
      const { rows, totals } = (await ask({ ...range, to: clock().toISOString(), interval })).body
      const last = rows.findLast(({ users }: { users: number }) => users > 0)
      return [totals, last].map(({ users, returningUsers }) => [users, returningUsers])
    }
    const unwritten = await of('day')
    expect(unwritten[0]).toEqual([4, 3])
    it.api.clock.advance({ hours: 1 })
    await rollUpActivity(db, { now: clock() })
    expect(await of('day')).toEqual(unwritten)
  })

  test('moves nobody under a reader’s eyes', async () => {
    const { db, clock } = it.api.deps
    for (const user of it.users) await it.play({ user, minutes: 1 })
    it.api.clock.advance({ hours: 1 })
    const read = (meddle: () => Promise<unknown>) =>
      db.inTenant(
        PUBLIC_TENANT_ID,
        async (tx) => {
          const asked = { ...whole(), timeZone: 'Asia/Kolkata' }
          const range = await getRange(tx, { asked, interval: 'day', now: clock() })
          let statements = 0
          const query: typeof tx.query = async (sql, values) => {
            if (statements++ === 1) await meddle()
            return tx.query(sql, values)
          }
          return getAnalytics({ query }, { providerId: it.providerId, isTest: false, range })
        },
        ONE_VIEW,
      )
    const before = await read(async () => {})
    expect(await read(() => rollUpActivity(db, { now: clock() }))).toEqual(before)
    expect(await read(async () => {})).toEqual(before)
  })

  test('counts a session that ends late where it ends', async () => {
    const { api } = it
    const opened = await it.open(it.users[1]!)
    const { clientId, sessionJwt } = await it.validate(opened)
    // A dead sweeper: the session is over for two days before anybody settles it.
    api.clock.advance({ hours: 48 })
    await rollUpActivity(api.deps.db, { now: api.clock.now() })
    await api.call('POST', `/api/v1/sessions/${opened.session.id}/complete`, {
      token: sessionJwt,
      body: { clientId },
    })
    await sweepSessions(api.deps.db, { now: api.clock.now(), marketplaceUrl: 'http://localhost:4001' })
    api.clock.advance({ hours: 1 })
    const before = (await ask({ ...whole(), interval: 'day' })).body
    await rollUpActivity(api.deps.db, { now: api.clock.now() })
    expect((await ask({ ...whole(), interval: 'day' })).body).toEqual(before)
  })
})

describe('a day', () => {
  test('has 23 rows of an hour when clocks go forward, 25 when they go back', async () => {
    const rowsOf = async (day: string, timeZone: string) =>
      (await ask({ from: day, to: day, interval: 'hour', timeZone })).body.rows
    expect(await rowsOf('2026-03-29', 'Europe/Berlin')).toHaveLength(23)
    expect(await rowsOf('2026-10-25', 'Europe/Berlin')).toHaveLength(25)
    expect(await rowsOf('2026-03-08', 'America/New_York')).toHaveLength(23)
    expect(await rowsOf('2026-06-01', 'Asia/Kolkata')).toHaveLength(24)
    expect((await rowsOf('2026-06-01', 'Asia/Kolkata'))[0].start).toBe('2026-05-31T18:30:00.000Z')
  })

  test('that has its midnight twice begins with the first', async () => {
    const { rows } = (
      await ask({ from: '2026-10-31', to: '2026-11-01', interval: 'day', timeZone: 'America/Havana' })
    ).body
    expect(rows.map(({ start }: { start: string }) => start)).toEqual([
      '2026-10-31T04:00:00.000Z',
      '2026-11-01T04:00:00.000Z',
    ])
    const { from, to } = (
      await ask({ from: '2026-10-31', to: '2026-10-31', interval: 'hour', timeZone: 'America/Havana' })
    ).body
    expect([from, to]).toEqual(['2026-10-31T04:00:00.000Z', '2026-11-01T04:00:00.000Z'])
    // Three hours back, more than anywhere else.
    const casey = await ask({ from: '2023-03-09', to: '2023-03-09', timeZone: 'Antarctica/Casey' })
    expect(casey.body.from).toBe('2023-03-08T13:00:00.000Z')
  })

  test('whose midnight does not come begins an hour later', async () => {
    const { rows } = (
      await ask({ from: '2026-03-08', to: '2026-03-09', interval: 'day', timeZone: 'America/Havana' })
    ).body
    expect(rows.map(({ start }: { start: string }) => start)).toEqual([
      '2026-03-08T05:00:00.000Z',
      '2026-03-09T04:00:00.000Z',
    ])
  })

  test('of half an hour’s change has every instant in one row', async () => {
    const { body } = await ask({
      from: '2026-04-04',
      to: '2026-04-05',
      interval: 'hour',
      timeZone: 'Australia/Lord_Howe',
    })
    const starts = body.rows.map(({ start }: { start: string }) => start)
    expect(new Set(starts).size).toBe(starts.length)
    expect([...starts].sort()).toEqual(starts)
  })

  test('that is named is in the range whole, and an instant widens it to its day', async () => {
    const named = (await ask({ from: '2026-03-02', to: '2026-03-03', timeZone: 'Europe/Berlin' })).body
    expect([named.from, named.to]).toEqual(['2026-03-01T23:00:00.000Z', '2026-03-03T23:00:00.000Z'])
    const widened = (
      await ask({
        from: '2026-03-02T10:00:00.000Z',
        to: '2026-03-03T22:59:59.999Z',
        timeZone: 'Europe/Berlin',
      })
    ).body
    expect([widened.from, widened.to]).toEqual([named.from, named.to])
    expect(widened.rows).toEqual(named.rows)
  })
})

describe('CSV', () => {
  test('has the rows, with the ledger’s sums', async () => {
    const json = (await ask({ ...whole(), interval: 'day' })).body
    const csv = await ask({ ...whole(), interval: 'day' }, { accept: 'text/csv' })
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8')
    expect(csv.headers['content-disposition']).toContain('.csv"')
    const [head, ...lines] = csv.text.trimEnd().split('\r\n')
    expect(head).toBe('start,opened,validated,completed,minutes,users,gross,fee,net,returningUsers,refunded')
    expect(lines).toHaveLength(json.rows.length)
    const sum = (column: number) => lines.reduce((total, line) => total + Number(line.split(',')[column]), 0)
    expect([sum(6), sum(7), sum(8)]).toEqual([json.totals.gross, json.totals.fee, json.totals.net])
  })

  test('is sent only to who asks for it first', async () => {
    for (const accept of ['*/*', 'application/json', 'application/json, text/csv'])
      expect((await ask({}, { accept })).headers['content-type']).toContain('json')
  })
})

describe('what is refused', () => {
  test.each([
    [{ from: '2026-03-02T00:00:00.000Z', to: '2026-03-01T00:00:00.000Z' }, '/to'],
    [{ from: '2026-03-01T00:00:00.000Z', to: '2026-03-01T00:00:00.000Z' }, '/to'],
    [{ from: '2019-12-31', to: '2020-01-05' }, '/from'],
    [{ from: '2026-01-01', to: '2126-01-01' }, '/to'],
    [{ from: '2026-01-01', to: '2026-03-01', interval: 'hour' }, '/to'],
    [{ from: '2024-01-01', to: '2026-03-01', interval: 'day' }, '/to'],
    [{ from: 'yesterday' }, '/from'],
    [{ from: '2026-02-30' }, '/from'],
    [{ interval: 'week' }, '/interval'],
    [{ timeZone: 'Mars/Olympus' }, '/timeZone'],
    [{ timeZone: '+05:30' }, '/timeZone'],
    [{ timeZone: "UTC'; drop table sessions" }, '/timeZone'],
    [{ colour: 'red' }, '/colour'],
  ])('%j', async (query, where) => {
    const { status, body } = await ask(query as Record<string, string>)
    expect([status, body.code]).toEqual([400, 'validation_failed'])
    expect(body.errors.map(({ path: at }: { path: string }) => at)).toContain(where)
  })

  test('anybody but the owner and the provider’s own keys that may read figures', async () => {
    const { api, owner, providerId } = it
    const stranger = await addUser(api)
    const theirs = await addProvider(api, { ownerId: stranger.id })
    expect((await api.call('GET', path)).status).toBe(401)
    const foreign = await it.as(stranger, 'GET', path)
    const missing = await it.as(stranger, 'GET', path.replace(providerId, 'prv_00000000000000000000000000'))
    expect([foreign.status, foreign.body.code]).toEqual([404, 'provider_not_found'])
    expect([missing.status, missing.body.code]).toEqual([404, 'provider_not_found'])
    const issue = async (user: { id: string }, id: string, scopes: string[]) =>
      (
        await it.as(user, 'POST', `/providers/${id}/api-keys`, {
          body: { name: 'Test', scopes, mode: 'live' },
        })
      ).body.secret
    const own = await issue(owner, providerId, ['analytics:read'])
    expect((await api.call('GET', path, { token: own })).status).toBe(200)
    const wrongScope = await issue(owner, providerId, ['webhooks:write'])
    expect((await api.call('GET', path, { token: wrongScope })).body.code).toBe('forbidden')
    const otherKey = await issue(stranger, theirs, ['analytics:read'])
    expect((await api.call('GET', path, { token: otherKey })).body.code).toBe('provider_not_found')
  })
})
