/**
 * Group commit: calls that arrive while statements are in flight are written together by the next one.
 *
 * Nothing waits for company: a call that meets a free lane goes at once. An answer is given only after the
 * batch that carried it has committed. A batch waits for nobody's row: what is locked comes again with a later one.
 *
 * @module
 */
import { isDatabaseAway } from './database-away.ts'
import { Problem } from './errors.ts'

/** So few are not worth a statement and a commit of their own. */
const BATCH_SHARED_MIN = 8
/** When a batch fails, its calls go alone: so many at a time, so that one that waits does not hold up the others. */
const ALONE_AT_A_TIME = 4
/** What is locked is tried again for as long as a single statement would have waited for the lock. */
const BUSY_MS_MAX = 5_000
const BUSY_AGAIN_MS = 10
const BUSY_AGAIN_MS_MAX = 250

/** In place of an answer: somebody else works on it, and the batch did not wait. */
export const BUSY = Symbol('busy')

export interface GathererOptions<Input, Output> {
  /** What is gathered, in the plural, for whoever reads the log. */
  name: string
  /** Answers in the order of its inputs. */
  run: (inputs: Input[]) => Promise<(Output | typeof BUSY)[]>
  /**
   * Two inputs of one key never share a batch: a set-based update would apply only one of them. Nor are they under way at
   * once, where one would lock what the other needs. Left out, any may.
   */
  keyOf?: (input: Input) => string
  lanes?: number
  batchMax?: number
  /** More waiting than this is refused at once. */
  waitingMax?: number
}

interface Waiting<Input, Output> {
  input: Input
  since: number
  tries: number
  resolve: (output: Output) => void
  reject: (error: unknown) => void
}

export function createGatherer<Input, Output>(
  options: GathererOptions<Input, Output>,
): (input: Input) => Promise<Output> {
  const { name, run, keyOf, lanes = 2, batchMax = 256, waitingMax = 20_000 } = options
  let queue: Waiting<Input, Output>[] = []
  const keysInFlight = new Set<string>()
  let busy = 0
  let inFlight = 0
  let isDue = false

  function takeBatch(): Waiting<Input, Output>[] {
    const batch: Waiting<Input, Output>[] = []
    const rest: Waiting<Input, Output>[] = []
    // A lane that took everything would leave the other idle, and this process with it until the answer comes: all calls
    // would go round in one convoy. So each takes its share of what is on its way.
    const share = Math.ceil((queue.length + inFlight) / lanes)
    const most = Math.min(batchMax, Math.max(BATCH_SHARED_MIN, share))
    for (const waiting of queue) {
      const key = keyOf?.(waiting.input)
      if (batch.length < most && (key === undefined || !keysInFlight.has(key))) {
        if (key !== undefined) keysInFlight.add(key)
        batch.push(waiting)
      } else rest.push(waiting)
    }
    queue = rest
    inFlight += batch.length
    return batch
  }

  function giveBack(batch: Waiting<Input, Output>[]): void {
    inFlight -= batch.length
    if (keyOf) for (const { input } of batch) keysInFlight.delete(keyOf(input))
  }

  /** What waits may wait for a key: then no lane takes it before the one that has the key is done. */
  function startLanes(): void {
    while (busy < lanes && queue.length > 0) {
      const batch = takeBatch()
      if (batch.length === 0) return
      runLane(batch)
    }
  }

  async function runLane(first: Waiting<Input, Output>[]): Promise<void> {
    busy += 1
    for (let batch = first; batch.length > 0; ) {
      await runBatch(batch)
      giveBack(batch)
      batch = takeBatch()
      // A lane that found only what waited for this one's keys has ended.
      if (batch.length > 0) startLanes()
    }
    busy -= 1
  }

  async function runBatch(batch: Waiting<Input, Output>[]): Promise<void> {
    try {
      const outputs = await run(batch.map(({ input }) => input))
      batch.forEach((waiting, i) => {
        const output = outputs[i]
        if (output === BUSY) comeAgain(waiting)
        else waiting.resolve(output as Output)
      })
    } catch (error) {
      // Whether it was done is not known, or asking again would meet the same: each caller learns it at once.
      if (batch.length === 1 || isDatabaseAway(error)) {
        for (const { reject } of batch) reject(error)
        return
      }
      await runAlone(batch)
    }
  }

  /** One poisoned item must not sink the others: alone, each meets its own fate. */
  async function runAlone(batch: Waiting<Input, Output>[]): Promise<void> {
    const left = [...batch]
    const next = async () => {
      for (let waiting = left.shift(); waiting; waiting = left.shift()) await runBatch([waiting])
    }
    await Promise.all(Array.from({ length: ALONE_AT_A_TIME }, next))
  }

  function comeAgain(waiting: Waiting<Input, Output>): void {
    if (performance.now() - waiting.since > BUSY_MS_MAX) {
      waiting.reject(unavailable('locked by somebody else for too long'))
      return
    }
    setTimeout(() => enqueue(waiting), Math.min(BUSY_AGAIN_MS_MAX, BUSY_AGAIN_MS * 2 ** waiting.tries))
    waiting.tries += 1
  }

  function enqueue(waiting: Waiting<Input, Output>): void {
    queue.push(waiting)
    // After everything this turn of the event loop read from sockets, so that calls which came together go together.
    if (isDue || busy >= lanes) return
    isDue = true
    setImmediate(() => {
      isDue = false
      startLanes()
    })
  }

  const unavailable = (why: string) => new Problem('unavailable', { retryAfterSeconds: 2 }, `${name}: ${why}`)

  return (input) => {
    if (queue.length >= waitingMax) return Promise.reject(unavailable('too many are waiting'))
    return new Promise<Output>((resolve, reject) => {
      enqueue({ input, since: performance.now(), tries: 0, resolve, reject })
    })
  }
}
