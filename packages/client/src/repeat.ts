import { MarketplaceProblem, Unreachable } from './problem.ts'

const TRIES_MAX = 3
const WAIT_SECONDS_MAX = 5

/** Tries again what may pass by itself: no answer, too many calls, a server that starts. The last error stands. */
export async function repeat<T>(run: () => Promise<T>, sleep: (ms: number) => Promise<void>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run()
    } catch (error) {
      const seconds = secondsToWait(error, tries)
      if (seconds === undefined || tries >= TRIES_MAX || seconds > WAIT_SECONDS_MAX) throw error
      await sleep(seconds * 1000)
    }
  }
}

function secondsToWait(error: unknown, tries: number): number | undefined {
  const backOff = 0.4 * 2 ** tries
  if (error instanceof Unreachable) return backOff
  if (!(error instanceof MarketplaceProblem)) return undefined
  const isPassing = [429, 502, 503, 504].includes(error.status) || error.code === 'idempotency_in_progress'
  return isPassing ? Math.max(error.retryAfterSeconds, backOff) : undefined
}
