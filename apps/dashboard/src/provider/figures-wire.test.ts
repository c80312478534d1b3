import { expect, test } from 'vitest'
import { describeStart } from './figures-wire.ts'

test('the two hours of one name, where clocks go back, are told apart', () => {
  const names = ['2026-10-25T00:00:00.000Z', '2026-10-25T01:00:00.000Z'].map((start) =>
    describeStart(start, 'hour', 'Europe/Berlin').name.replaceAll('\u202f', ' '),
  )
  expect(names).toEqual(['Oct 25, 2026, 2:00 AM GMT+2', 'Oct 25, 2026, 2:00 AM GMT+1'])
})
