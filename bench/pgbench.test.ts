import { expect, test } from 'vitest'
import { steadyRate } from './pgbench.ts'

/** As `pgbench -l` writes them. */
const line = (endedAtMs: number, i: number) =>
  `${i % 10} ${i} 4000 0 ${1_700_000_000 + Math.floor(endedAtMs / 1000)} ${(endedAtMs % 1000) * 1000}`

test('transactions before backends are warm, and after some clients have stopped, are no part of a rate', () => {
  const cold = Array.from({ length: 10 }, (_, i) => i * 100)
  const steady = Array.from({ length: 180 }, (_, i) => 1_000 + i * 2)
  const last = Array.from({ length: 10 }, (_, i) => 1_360 + i * 50)
  expect(steadyRate([...cold, ...steady, ...last].map(line).join('\n'))).toBeCloseTo(500, 5)
})

test('the order of lines does not matter: clients write their own', () => {
  const lines = Array.from({ length: 100 }, (_, i) => line(i * 4, i))
  expect(steadyRate(lines.reverse().join('\n'))).toBeCloseTo(250, 5)
})

test.each([
  '',
  'nothing of a log',
  `${line(5, 0)}\n${line(5, 1)}`,
])('a log without a rate fails: %j', (log) => {
  expect(() => steadyRate(log)).toThrow('too little')
})
