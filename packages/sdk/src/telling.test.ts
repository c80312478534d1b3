import { describe, expect, test } from 'vitest'
import { beatDelayMs } from './beat-delay.ts'
import { countedMs, isLongSilent } from './telling.ts'
import { applyUse, restartFakeSession, startFakeSession, toWire } from './testing/fake-session.ts'
import { createFakeMarketplace } from './testing/index.ts'

/** An hour of which nothing is used, validated and beaten at 0. */
function open(duration: '1h' | '170s' = '1h') {
  const market = createFakeMarketplace()
  const { id } = market.launch({ duration })
  const session = market.api.sessions.get(id)!
  const zero = market.now()
  startFakeSession(session, 'client', zero)
  const beat = (seconds: number, sequence: number, activeMs: number, final = false) =>
    applyUse(session, { sequence, activeMs, final }, zero + seconds * 1000)
  const read = (seconds: number) => toWire(session, zero + seconds * 1000)
  beat(0, 1, 0)
  return { session, zero, beat, read }
}

describe('what was counted between two answers', () => {
  test.each([
    ['at once', 33],
    ['within the lease', 100],
    ['long after it', 900],
  ])('is the gap up to the copy that was heard, read %s', (_, seconds) => {
    const { beat, read } = open()
    const before = read(0)
    beat(33, 2, 30_000)
    expect(countedMs(before, read(seconds))).toBe(33_000)
  })

  test('is what was told after a gap that counts no more', () => {
    const { beat, read } = open()
    const before = read(0)
    beat(400, 2, 70_000)
    expect(countedMs(before, read(410))).toBe(70_000)
  })

  test('is nothing where nothing was heard, whenever it is read', () => {
    const { read } = open()
    for (const seconds of [1, 100, 900]) expect(countedMs(read(0), read(seconds))).toBe(0)
  })

  test('is more than can be told after a whole lease, which may have been more', () => {
    const { beat, read } = open()
    const before = read(0)
    beat(400, 2, 300_000)
    expect(countedMs(before, read(401))).toBe(Number.POSITIVE_INFINITY)
  })

  test('is not known after a last word, a pause, or near the end of the paid time', () => {
    const left = open()
    const before = left.read(0)
    left.beat(30, 2, 30_000, true)
    expect(countedMs(before, left.read(31))).toBeLessThanOrEqual(0)
    const paused = open()
    paused.beat(30, 2, 30_000)
    paused.session.status = 'paused'
    paused.session.leaseEnd = null
    expect(countedMs(before, paused.read(31))).toBeLessThanOrEqual(0)
    const short = open('170s')
    short.beat(30, 2, 30_000)
    const whole = short.read(30)
    short.beat(60, 3, 30_000)
    expect(countedMs(whole, short.read(61))).toBe(0)
  })

  test('is nothing where the clock was started anew', () => {
    const { session, zero, beat, read } = open()
    beat(30, 2, 30_000)
    const before = read(30)
    restartFakeSession(session, { sequence: 3 }, zero + 100_000)
    session.leaseEnd = zero + 230_000
    expect(countedMs(before, read(101))).toBe(0)
  })
})

test('a lease is long silent when the next beat counts what it tells', () => {
  const { read } = open()
  expect(isLongSilent(read(45))).toBe(false)
  expect(isLongSilent(read(46))).toBe(true)
  // Cut short by the end of the paid time, it may be from just now.
  const short = open('170s')
  short.beat(30, 2, 30_000)
  short.beat(60, 3, 30_000)
  expect(isLongSilent(short.read(61))).toBe(false)
})

test.each([
  ['its own', 0, 30_000],
  ['its second copy', 3, 27_000],
  // A lease of another length looks old, and the answer stands for the beat.
  ['a question long after it', 60, 30_000],
])('the next beat is due one interval after the last one, of which the answer is that of %s', (_, seconds, dueMs) => {
  const { read } = open()
  const answer = read(seconds)
  expect(beatDelayMs(answer, Date.parse(answer.serverTime), true, answer.remainingMs)).toBe(dueMs)
})
