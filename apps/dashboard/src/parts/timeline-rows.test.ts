import { expect, test } from 'vitest'
import type { Entry } from '../api/use-timeline.ts'
import { describeLine, toLines } from './timeline-rows.ts'

const beat = (second: number, more: Partial<Entry> = {}): Entry => ({
  at: new Date(second * 1000).toISOString(),
  what: 'beat',
  sequence: second,
  countedMs: 1_000,
  unbilledMs: 0,
  activeMs: null,
  usedMs: second * 1_000,
  tokens: null,
  marks: [],
  ...more,
})

test('ordinary beats that follow one another are one line, and what is marked stands alone', () => {
  const lines = toLines([beat(1), beat(2), beat(3, { marks: ['unbilled'], unbilledMs: 500 }), beat(4)], false)
  expect(lines.map((line) => [describeLine(line), line.countedMs, line.usedMs])).toEqual([
    ['2 beats', 2_000, 2_000],
    ['Beat 3', 1_000, 3_000],
    ['Beat 4', 1_000, 4_000],
  ])
  expect(lines[0]).toMatchObject({ at: beat(1).at, until: beat(2).at })
})

test('an entry that stands for many beats is as many', () => {
  const lines = toLines([beat(1), beat(2, { times: 240 })], false)
  expect(lines.map(describeLine)).toEqual(['241 beats'])
  expect(toLines([beat(2, { times: 240 })], true).map(describeLine)).toEqual(['240 beats'])
})

test('apart, every beat has its line, and what is gathered never changes what it was gathered from', () => {
  const entries = [beat(1), beat(2)]
  toLines(entries, false)
  expect(toLines(entries, true).map(describeLine)).toEqual(['Beat 1', 'Beat 2'])
})
