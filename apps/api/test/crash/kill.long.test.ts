import { expect, test } from 'vitest'
import { HELD_UP_MS_MAX, killUnderLoad, RESTART_MS_MAX } from './kill.ts'

test.each([
  1, 2,
])('with API processes: %i; 50 kills of the API, 20 of PostgreSQL and 10 of both under load lose nothing and make nothing', async (apis) => {
  const report = await killUnderLoad({ clients: 8, apis, apiKills: 50, postgresKills: 20, bothKills: 10 })
  process.stdout.write(`${JSON.stringify(report)}\n`)
  expect(report.surprises).toEqual([])
  expect(report.broken).toEqual([])
  expect(report.longestRestartMs).toBeLessThan(RESTART_MS_MAX)
  expect(report.longestHeldUpMs).toBeLessThan(HELD_UP_MS_MAX)
  expect(report.ledger).toMatchObject({ code: 0, said: expect.stringContaining('the ledger is right') })
}, 1_800_000)
