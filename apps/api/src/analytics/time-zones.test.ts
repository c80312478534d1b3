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
