import { expect, test } from 'vitest'
import { HELD_UP_MS_MAX, killUnderLoad, RESTART_MS_MAX } from './kill.ts'

const EVERYTHING = [
  ...[
    'purchase',
    'stripe',
    'refund',
    'sessions',
    'validate',
    'heartbeat',
    'pause',
    'resume',
    'extend',
    'relaunch',
  ],
  'complete',
]

const isSome = (count: number) => count > 0

test('every acknowledged answer is still true after kill -9 of one of two API processes, of PostgreSQL and of all under load', async () => {
  const { answers, served, left, surprises, broken, ledger, ...longest } = await killUnderLoad({
    clients: 4,
    apis: 2,
    apiKills: 1,
    postgresKills: 1,
    bothKills: 1,
  })
  expect(surprises).toEqual([])
  expect(broken).toEqual([])
  expect(longest.longestRestartMs).toBeLessThan(RESTART_MS_MAX)
  expect(longest.longestHeldUpMs).toBeLessThan(HELD_UP_MS_MAX)
  expect(ledger).toMatchObject({ code: 0, said: expect.stringContaining('the ledger is right') })
  expect(answers).toBeGreaterThan(50)
  expect(left).toEqual({ active: expect.toSatisfy(isSome), paused: expect.toSatisfy(isSome) })
  expect(Object.keys(served)).toEqual(expect.arrayContaining(EVERYTHING))
}, 240_000)
