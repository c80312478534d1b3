import { expect, test } from 'vitest'
import { wilsonInterval } from './wilson-interval.ts'

// From Newcombe, Two-sided confidence intervals for the single proportion, 1998, table I, method 3.
test.each([
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])('%i of %i lies between %f and %f', (successes, of, low, high) => {
  const interval = wilsonInterval(successes, of)
  expect(interval?.low).toBeCloseTo(low, 4)
  expect(interval?.high).toBeCloseTo(high, 4)
})

test('nothing tried says nothing; everything and nothing succeeded reach their ends', () => {
  expect(wilsonInterval(0, 0)).toBeUndefined()
  expect(wilsonInterval(7, 7)?.high).toBe(1)
  expect(wilsonInterval(0, 7)?.low).toBe(0)
})

test('holds the true share in about 95 of 100 cases', () => {
  // A fixed generator, so that this says the same each time.
  let state = 7
  const next = () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
  let held = 0
  for (let round = 0; round < 2_000; round += 1) {
    let successes = 0
    for (let i = 0; i < 60; i += 1) if (next() < 0.3) successes += 1
    const { low, high } = wilsonInterval(successes, 60)!
    if (low <= 0.3 && 0.3 <= high) held += 1
  }
  expect(held / 2_000).toBeGreaterThan(0.93)
  expect(held / 2_000).toBeLessThan(0.97)
})
