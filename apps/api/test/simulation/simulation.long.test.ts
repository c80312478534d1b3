import { expect, inject, test } from 'vitest'
import { createTestDatabase } from '../database.ts'
import { tryBug } from './mutations.ts'
import { PLANTED_BUGS } from './planted-bugs.ts'
import { report } from './report.ts'
import { simulate } from './simulation.ts'

test.each([
  '1',
  '2',
  '3',
])('seed %s: three hours of a market with every fault and every cheat', async (seed) => {
  const database = await createTestDatabase()
  try {
    const result = await simulate({ databaseUrl: database.url, seed, hours: 3, peoplePerClass: 20 })
    process.stdout.write(`${report(result).join('\n')}\n`)
    expect(result.wrong).toEqual([])
  } finally {
    await database.drop()
  }
}, 1_800_000)

test.each(PLANTED_BUGS)('notices when $name', async (bug) => {
  expect(await tryBug(inject('postgresUrl'), '5', 'edges', bug)).toBeDefined()
}, 120_000)
