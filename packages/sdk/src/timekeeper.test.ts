import { describe, expect, test } from 'vitest'
import { createTimekeeper } from './timekeeper.ts'

function createClocks() {
  const clocks = { wallMs: 5_000_000, monotonicMs: 1_000 }
  const time = createTimekeeper({ wall: () => clocks.wallMs, monotonic: () => clocks.monotonicMs })
  const pass = (wallMs: number, monotonicMs = wallMs) => {
    clocks.wallMs += wallMs
    clocks.monotonicMs += monotonicMs
  }
  return { time, pass }
}

describe('use between two ticks', () => {
  test.each([
    ['a second in front', 1_000, 1_000, 1_000, false],
    ['a throttled minute in the background', 60_000, 60_000, 60_000, false],
    ['the longest gap that counts', 65_000, 65_000, 65_000, false],
    ['a longer gap is freezing or sleep', 65_001, 65_001, 0, true],
    ['sleep that stops the monotonic clock', 7_200_000, 500, 0, true],
    ['short sleep that stops the monotonic clock', 4_000, 1_000, 0, true],
    ['a clock set back by an hour', -3_599_000, 1_000, 0, true],
    ['a clock set forward by eighteen seconds', 19_000, 1_000, 0, true],
    ['a clock that is slewed a little', 2_900, 1_000, 1_000, false],
  ])('%s', (_, wallMs, monotonicMs, countedMs, hasJumped) => {
    const { time, pass } = createClocks()
    pass(wallMs, monotonicMs)
    expect(time.tick(true)).toBe(hasJumped)
    expect(time.activeMs()).toBe(countedMs)
  })

  test('counts nothing while the app does not serve', () => {
    const { time, pass } = createClocks()
    pass(10_000)
    time.tick(false)
    expect(time.activeMs()).toBe(0)
  })

  test('keeps what came after the beat that was acknowledged', () => {
    const { time, pass } = createClocks()
    pass(30_000)
    time.tick(true)
    const sentMs = time.activeMs()
    pass(2_000)
    time.tick(true)
    time.settle(sentMs)
    expect(time.activeMs()).toBe(2_000)
  })
})

describe("the server's time", () => {
  test('goes on with the later of two clocks, so sleep is time', () => {
    const { time, pass } = createClocks()
    time.start(100_000, 5_000_000)
    pass(3_600_000, 1_000)
    expect(time.now()).toBe(3_700_000)
  })

  test('is not moved by a clock that was set back', () => {
    const { time, pass } = createClocks()
    time.start(100_000, 5_000_000)
    pass(-600_000, 1_000)
    expect(time.now()).toBe(101_000)
  })

  test('is doubted for three seconds after a jump, then the later clock wins', () => {
    const { time, pass } = createClocks()
    time.start(100_000, 5_000_000)
    pass(61_000, 1_000)
    time.tick(true)
    expect(time.doubts()).toBe(true)
    expect(time.now()).toBe(101_000)
    pass(3_000)
    expect(time.doubts()).toBe(false)
    expect(time.now()).toBe(164_000)
  })

  test('is past every lease when the record comes from the future', () => {
    const { time } = createClocks()
    time.start(100_000, 5_600_000)
    expect(time.now()).toBe(Number.POSITIVE_INFINITY)
  })

  test('is known from a record another tab made earlier', () => {
    const { time } = createClocks()
    time.start(100_000, 4_998_000)
    expect(time.now()).toBe(102_000)
  })
})
