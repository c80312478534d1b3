/**
 * A time zone is named so that it has one reading: PostgreSQL takes some names for abbreviations, which JavaScript never does.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SessionMarket, startSessionMarket } from '../../test/session-market.ts'

let it: SessionMarket
beforeAll(async () => {
  it = await startSessionMarket({ users: 0 })
})
afterAll(() => it.close())

const ask = (rest: string, query: Record<string, string>) =>
  it.as(it.owner, 'GET', `/providers/${it.providerId}${rest}?${new URLSearchParams(query)}`)

test.each([
  'UTC',
  'utc',
  'Etc/UTC',
  'Etc/GMT+5',
  'Europe/Paris',
  'europe/paris',
  'America/Argentina/Buenos_Aires',
  'US/Pacific',
])('%s begins its days where JavaScript says', async (timeZone) => {
  const local = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
  for (const day of ['2026-01-15', '2026-07-15']) {
    const { status, body } = await ask('/analytics', { from: day, to: day, interval: 'day', timeZone })
    expect(status).toBe(200)
    expect(local.format(new Date(body.from))).toBe(`${day} 00:00:00`)
  }
})

// Of the last eight the days began elsewhere: CET is never in summer time there, IST is Israel.
test.each([
  'EST5EDT',
  'Japan',
  'GMT',
  'ACT',
  'ART',
  'AST',
  'BST',
  'CET',
  'IST',
  'PST',
  'EET',
])('%s is no place, and the refusal says how to name one', async (timeZone) => {
  for (const rest of ['/analytics', '/analytics/funnel', '/analytics/retention', '/earnings/statement']) {
    const { status, body } = await ask(rest, { timeZone })
    expect([rest, status, body.code]).toEqual([rest, 400, 'validation_failed'])
    expect(body.errors).toEqual([
      {
        path: '/timeZone',
        message: 'must be UTC or a place of the IANA time zone database, like Europe/Paris',
      },
    ])
  }
})

// In Kolkata it is the first of April, in Greenwich not yet; in Honolulu it is the last of March for ten hours more.
test.each([
  ['2026-03-31T20:00:00Z', 'Asia/Kolkata', '2026-04-01'],
  ['2026-04-01T08:00:00Z', 'Pacific/Honolulu', '2026-03-31'],
])('at %s the day and the month of %s have begun there', async (at, timeZone, today) => {
  it.api.clock.advance({ ms: Date.parse(at) - it.api.clock.now().getTime() })
  const local = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
  const month = await ask('/earnings/statement', { timeZone })
  expect(month.status).toBe(200)
  expect(local.format(new Date(month.body.from))).toBe(`${today.slice(0, 7)}-01 00:00:00`)
  for (const rest of ['/analytics', '/earnings/statement']) {
    const { status, body } = await ask(rest, { timeZone, from: today })
    expect([rest, status]).toEqual([rest, 200])
    expect(local.format(new Date(body.from))).toBe(`${today} 00:00:00`)
  }
})

test.each([
  { from: '2026-03-02', to: '2026-03-01' },
  { from: '2026-03-02', to: '2026-03-01', timeZone: 'Pacific/Kiritimati' },
  { from: '2026-03-11', to: '2026-03-10', interval: 'month' },
  { from: '2026-03-02', to: '2026-03-01T12:00:00Z' },
  // There it is the second for two hours already.
  { from: '2026-03-03', to: '2026-03-02T12:00:00Z', timeZone: 'Etc/GMT-11', interval: 'month' },
  { from: '2026-03-02T00:00:00Z', to: '2026-03-01' },
  { from: '2026-03-01T12:00:00Z', to: '2026-03-01T12:00:00Z' },
])('what ends before it begins is no range: %j', async (range) => {
  const { status, body } = await ask('/analytics', range as Record<string, string>)
  expect([status, body.errors]).toEqual([400, [{ path: '/to', message: 'must be after from' }]])
})

// What PostgreSQL and JavaScript know under one name is one thing, as far as both know it.
test('no place that both know is read in two ways', async () => {
  const names = await it.api.deps.db.batch.query<{ name: string; summer: string; winter: string }>(
    `select name, to_char(timestamptz '2026-07-15 12:00Z' at time zone name, 'YYYY-MM-DD HH24:MI') as summer,
       to_char(timestamptz '2026-01-15 12:00Z' at time zone name, 'YYYY-MM-DD HH24:MI') as winter
     from pg_timezone_names where name like '%/%' and name not like 'posix/%' and name not like 'right/%'`,
  )
  const common = new Set(Intl.supportedValuesOf('timeZone'))
  const shared = names.filter(({ name }) => common.has(name))
  expect(shared.length).toBeGreaterThan(300)
  for (const { name, summer, winter } of shared) {
    const local = new Intl.DateTimeFormat('sv', { timeZone: name, dateStyle: 'short', timeStyle: 'short' })
    const read = ['2026-07-15T12:00:00Z', '2026-01-15T12:00:00Z'].map((at) => local.format(new Date(at)))
    expect([name, ...read]).toEqual([name, summer, winter])
  }
})
