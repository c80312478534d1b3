import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { WindowCounts } from './window-counts.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})
const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000)

test('a key counts within its window and starts anew after it', () => {
  const counts = new WindowCounts(60)
  counts.add('a')
  pass(59)
  expect(counts.add('a').count).toBe(2)
  pass(1)
  expect(counts.add('a').count).toBe(1)
})

test('a window begun late in a generation lives to its end', () => {
  const counts = new WindowCounts(60)
  counts.add('early')
  pass(50)
  counts.add('late')
  pass(59)
  expect(counts.find('early')).toBeUndefined()
  expect(counts.add('late').count).toBe(2)
})

test('what has run out is forgotten without being asked for', () => {
  const counts = new WindowCounts(60)
  for (let i = 0; i < 1000; i += 1) counts.add(`gone ${i}`)
  pass(61)
  counts.add('a')
  pass(61)
  counts.add('a')
  expect(counts.size).toBeLessThanOrEqual(2)
})

test('a clock set back by hours holds nobody back longer than a window', () => {
  const counts = new WindowCounts(60)
  pass(7200)
  for (let i = 0; i < 5; i += 1) counts.add('a')
  pass(-7200)
  expect(counts.add('a').count).toBe(1)
  pass(60)
  expect(counts.add('a').count).toBe(1)
})

test('a call taken back never makes a count negative', () => {
  const counts = new WindowCounts(60)
  counts.subtract('a')
  counts.add('a')
  counts.subtract('a')
  counts.subtract('a')
  expect(counts.add('a').count).toBe(1)
})
