/**
 * The end of the bench, whatever it is doing: everything it started listens to `stopping` and ends with it.
 *
 * @module
 */

/** What is left for the databases to end and their folders to go. */
const TIDYING_MS = 60_000

const controller = new AbortController()

/** Given to every child process; databases listen to it. Whoever waits for one of them fails then, and cleans up. */
export const stopping = controller.signal

/**
 * Runs within so many minutes, or says that it did not; stops when asked to, too.
 *
 * @throws after all that was started has been ended. Where that hangs, the process ends at the limit.
 */
export async function withinMinutes(minutes: number, run: () => Promise<void>): Promise<void> {
  const message = `the bench was stopped: it did not end within ${minutes} minutes`
  const stop = (why: string) => controller.abort(new Error(why))
  const begin = setTimeout(() => stop(message), minutes * 60_000 - TIDYING_MS)
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop(`the bench was stopped by ${signal}`))
  const end = setTimeout(() => {
    process.stderr.write(`${message}, and did not stop either\n`)
    process.exit(1)
  }, minutes * 60_000)
  try {
    await run()
  } catch (error) {
    throw stopping.aborted ? stopping.reason : error
  } finally {
    clearTimeout(begin)
    clearTimeout(end)
  }
}
