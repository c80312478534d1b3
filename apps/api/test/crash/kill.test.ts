import { expect, test } from 'vitest'
import { killUnderLoad } from './kill.ts'

test('every acknowledged answer is still true after kill -9 of one of two API processes, of PostgreSQL and of all under load', async () => {
  const { answers, surprises, broken, ledger } = await killUnderLoad({
    clients: 4,
    apis: 2,
    apiKills: 1,
    postgresKills: 1,
    bothKills: 1,
  })
  expect(surprises).toEqual([])
  expect(broken).toEqual([])
  expect(ledger).toMatchObject({ code: 0, said: expect.stringContaining('the ledger is right') })
  expect(answers).toBeGreaterThan(50)
}, 240_000)
