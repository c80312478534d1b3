import { expect, test } from 'vitest'
import { createTestDatabase } from '../database.ts'
import { simulate } from './simulation.ts'

async function run(options: { seed: string; hours: number; peoplePerClass: number; classes?: string[] }) {
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
    expect.arrayContaining(['crash', 'killed connection', 'lost answer', 'doubled', 'late', 'two sweepers']),
  )
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
