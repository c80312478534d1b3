import { expect, test } from 'vitest'
import { createTestDatabase } from '../database.ts'
import { simulate } from './simulation.ts'

async function run(options: {
  seed: string
  hours: number
  peoplePerClass: number
  classes?: string[]
  skewMs?: number
  isSdk?: boolean
}) {
  const database = await createTestDatabase()
  try {
    return await simulate({ databaseUrl: database.url, ...options })
  } finally {
    await database.drop()
  }
}

test('a market with every fault and every cheat does to the millisecond and the token what the model says', async () => {
  const result = await run({ seed: 'npm test', hours: 0.5, peoplePerClass: 2 })
  expect(result.wrong).toEqual([])
  expect(result.sessions).toBeGreaterThan(60)
  expect(Object.keys(result.faults)).toEqual(
    expect.arrayContaining([
      ...['crash', 'killed connection', 'lost request', 'lost answer', 'doubled', 'doubled Stripe event'],
      ...['lost Stripe event', 'lost answer to Stripe'],
      ...['late', 'network gone', 'sleep', 'nap', 'clock jump', 'relaunch', 'stolen launch', 'keys rotated'],
      ...[
        'provider suspended',
        'two sweepers',
        'sweeper stopped',
        'crashed sweep',
        'jobs twice',
        'crashed job',
      ],
    ]),
  )
}, 90_000)

test('pages that run the SDK itself are billed what they showed', async () => {
  const { wrong, rows, sessions } = await run({ seed: 'sdk', hours: 0.4, peoplePerClass: 1, isSdk: true })
  expect(wrong).toEqual([])
  expect(sessions).toBeGreaterThan(40)
  expect(rows.reduce((hours, row) => hours + row.hours, 0)).toBeGreaterThan(1)
}, 90_000)

test('the same seed lives through the same events, another seed through others', async () => {
  const classes = [
    'everything at once',
    'process crashes',
    'killed connections',
    'takes over instead of beating',
  ]
  const options = { hours: 0.2, peoplePerClass: 2, classes }
  const digests = []
  for (const seed of ['1', '1', '2']) digests.push((await run({ ...options, seed })).digest)
  expect(digests[1]).toBe(digests[0])
  expect(digests[2]).not.toBe(digests[0])
}, 90_000)

test.each([
  2_000, -2_000,
])('with clocks of two instances %i ms apart the books are as the model says, to the millisecond', async (skewMs) => {
  const classes = [
    'reloads and relaunches',
    'process crashes',
    'several tabs',
    'paused in the marketplace',
    'pauses instead of beating',
    'takes over instead of beating',
  ]
  const { rows, sessions } = await run({ seed: 'skew', hours: 0.4, peoplePerClass: 3, classes, skewMs })
  expect(sessions).toBeGreaterThan(5)
  // A stretch is longer by the skew at most; a session of ten minutes has a few.
  for (const { overbilled } of rows) expect(overbilled).toBeLessThanOrEqual(1 + 4 * 2)
}, 90_000)

test('what an ending or another browser leaves in a page that hears of nothing is the allowance, and no more', async () => {
  const classes = [
    'shows the browser before a takeover',
    'shows on after ending in the marketplace',
    'parks sessions, and shows one after the other',
  ]
  const { cheats, wrong } = await run({ seed: 'rounds', hours: 1.2, peoplePerClass: 2, classes })
  expect(wrong).toEqual([])
  expect(cheats.map(({ className }) => className)).toEqual(classes)
  // Longer than the allowance lasts, so that the bound is met.
  for (const { gain } of cheats) expect(gain).toBeGreaterThan(500)
}, 60_000)
