/**
 * Time that moves when told to.
 *
 * @module
 */

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `'25m'`, `'2h'`, `'-18s'`, `'500ms'` or milliseconds. */
export type Duration = number | `${number}${keyof typeof unitMs}`

/** A duration in milliseconds. */
export function toMs(duration: Duration): number {
  if (typeof duration === 'number') return duration
  const [, value, unit] = /^(-?[\d.]+)(ms|s|m|h)$/.exec(duration) ?? []
  if (!unit) throw new TypeError(`not a duration: ${duration}`)
  return Number(value) * unitMs[unit as keyof typeof unitMs]
}

interface Timer {
  at: number
  callback: () => void
  isHeld: () => boolean
}

// Taken early: a test runner may replace them with fakes of its own.
const { setImmediate, setTimeout } = globalThis as {
  setImmediate?: (callback: () => void) => unknown
  setTimeout: (callback: () => void, delayMs: number) => unknown
}
/** Promises that wait for each other: an answer of the fake, its JSON, whoever waits for that. */
const CHAINED_MAX = 25

async function turn(): Promise<void> {
  if (setImmediate) await new Promise<void>((resolve) => void setImmediate(resolve))
  // As in Jest's jsdom. A timer lasts a millisecond, and half an hour of ticks would last for seconds.
  else for (let chained = 0; chained < CHAINED_MAX; chained++) await undefined
}

async function drain(): Promise<void> {
  for (let turns = 0; turns < 4; turns++) await turn()
}

/** Lets everything that waits for no clock finish: promises, fake answers, messages. */
export async function settle(): Promise<void> {
  await drain()
  if (!setImmediate) await new Promise<void>((resolve) => void setTimeout(resolve, 0))
}

export interface VirtualTime {
  /** Milliseconds since 1970, as the marketplace sees them. */
  now(): number
  /** Sets a timer; it waits while `isHeld` says so (a frozen or closed page). */
  set(callback: () => void, delayMs: number, isHeld: () => boolean): unknown
  clear(timer: unknown): void
  /** Moves on, running every timer on the way at its moment. */
  advance(duration: Duration): Promise<void>
  /** Moves on without running anything: what was due runs late, as after sleep. */
  skip(duration: Duration): Promise<void>
}

/** Makes a clock of its own. */
export function createVirtualTime(startsAt: number): VirtualTime {
  let now = startsAt
  const timers = new Set<Timer>()

  function nextDue(until: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of timers)
      if (timer.at <= until && !timer.isHeld() && (!next || timer.at < next.at)) next = timer
    return next
  }

  async function advance(duration: Duration): Promise<void> {
    const until = now + toMs(duration)
    await settle()
    for (let timer = nextDue(until); timer; timer = nextDue(until)) {
      timers.delete(timer)
      now = Math.max(now, timer.at)
      timer.callback()
      await drain()
    }
    now = until
  }

  return {
    now: () => now,
    set(callback, delayMs, isHeld) {
      const timer = { at: now + Math.max(1, delayMs), callback, isHeld }
      timers.add(timer)
      return timer
    },
    clear: (timer) => void timers.delete(timer as Timer),
    advance,
    async skip(duration) {
      await settle()
      now += toMs(duration)
      await advance(0)
    },
  }
}
