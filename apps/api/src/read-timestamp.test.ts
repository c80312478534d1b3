import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../test/database.ts'
import { readTimestamp } from './read-timestamp.ts'

let database: Awaited<ReturnType<typeof createTestDatabase>>
let client: pg.Client

beforeAll(async () => {
  database = await createTestDatabase()
  client = new pg.Client({ connectionString: database.url, options: '-c timezone=UTC' })
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

/** What PostgreSQL writes of it, and the instant as it has it, in milliseconds. */
async function written(instants: string[]): Promise<{ text: string; ms: string }[]> {
  const { rows } = await client.query(
    `select at::text as text, trunc(extract(epoch from at) * 1000)::text as ms
     from unnest($1::text[]::timestamptz[]) with ordinality as i (at, n) order by n`,
    [instants],
  )
  return rows
}

test('whatever PostgreSQL writes is read as the millisecond it lies in', async () => {
  const instants = fc.array(
    fc
      .tuple(
        fc.date({
          min: new Date('1970-01-01T00:00:00Z'),
          max: new Date('9999-12-31T23:59:59Z'),
          noInvalidDate: true,
        }),
        fc.integer({ min: 0, max: 999 }),
      )
      .map(([date, microseconds]) =>
        date.toISOString().replace('Z', `${String(microseconds).padStart(3, '0')}Z`),
      ),
    { minLength: 1, maxLength: 200 },
  )
  await fc.assert(
    fc.asyncProperty(instants, async (some) => {
      for (const { text, ms } of await written(some))
        expect([text, readTimestamp(text).getTime()]).toEqual([text, Number(ms)])
    }),
    { numRuns: 20 },
  )
})

test('what it writes otherwise is read as the driver reads it', async () => {
  const odd = [
    '0044-03-15 12:00:00+00 BC',
    '0001-01-01 00:00:00+00',
    '0099-12-31 23:59:59.5+00',
    '12026-01-01 00:00:00.25+00',
  ]
  for (const { text, ms } of await written(odd))
    expect([text, readTimestamp(text).getTime()]).toEqual([text, Number(ms)])
  expect([readTimestamp('infinity'), readTimestamp('-infinity')]).toEqual([Infinity, -Infinity])
  expect(readTimestamp('2026-11-27 23:34:36.5+01').toISOString()).toBe('2026-11-27T22:34:36.500Z')
  expect(readTimestamp('2026-11-28 04:04:36+05:30').toISOString()).toBe('2026-11-27T22:34:36.000Z')
})
