/**
 * Group commit: calls that arrive while statements are in flight are written together by the next one.
 *
 * Nothing waits for company: a call that meets a free lane goes at once. An answer is given only after the
 * batch that carried it has committed.
 *
 * @module
 */

/** So few are not worth a statement and a commit of their own. */
const BATCH_SHARED_MIN = 8

export interface GathererOptions<Input, Output> {
  /** Answers in the order of its inputs. */
  run: (inputs: Input[]) => Promise<Output[]>
  /** Two inputs of one key never share a batch: a set-based update would apply only one of them. Left out, any may. */
  keyOf?: (input: Input) => string
  lanes?: number
  batchMax?: number
  /** More waiting than this is refused at once, by what this returns. */
  waitingMax?: number
  overload: () => Error
}

interface Waiting<Input, Output> {
  input: Input
  resolve: (output: Output) => void
  reject: (error: unknown) => void
}

export function createGatherer<Input, Output>(
  options: GathererOptions<Input, Output>,
): (input: Input) => Promise<Output> {
  const { run, keyOf, lanes = 2, batchMax = 256, waitingMax = 20_000, overload } = options
  let queue: Waiting<Input, Output>[] = []
  let busy = 0
  let inFlight = 0
  let isDue = false

  function takeBatch(): Waiting<Input, Output>[] {
    const keys = new Set<string>()
    const batch: Waiting<Input, Output>[] = []
    const rest: Waiting<Input, Output>[] = []
    // A lane that took everything would leave the other idle, and this process with it until the answer comes: all calls
    // would go round in one convoy. So each takes its share of what is on its way.
    const share = Math.ceil((queue.length + inFlight) / lanes)
    const most = Math.min(batchMax, Math.max(BATCH_SHARED_MIN, share))
    for (const waiting of queue) {
      const key = keyOf?.(waiting.input)
      if (batch.length < most && (key === undefined || !keys.has(key))) {
        if (key !== undefined) keys.add(key)
        batch.push(waiting)
      } else rest.push(waiting)
    }
    queue = rest
    return batch
  }

  async function flush(): Promise<void> {
    busy += 1
    try {
      while (queue.length > 0) {
        const batch = takeBatch()
        inFlight += batch.length
        await runBatch(batch)
        inFlight -= batch.length
      }
    } finally {
      busy -= 1
    }
  }

  async function runBatch(batch: Waiting<Input, Output>[]): Promise<void> {
    try {
      const outputs = await run(batch.map(({ input }) => input))
      batch.forEach(({ resolve }, i) => {
        resolve(outputs[i] as Output)
      })
    } catch (error) {
      if (batch.length === 1) {
        batch[0]?.reject(error)
        return
      }
      // One poisoned item must not sink the others: alone, each meets its own fate.
      for (const waiting of batch) await runBatch([waiting])
    }
  }

  return (input) => {
    if (queue.length >= waitingMax) return Promise.reject(overload())
    return new Promise<Output>((resolve, reject) => {
      queue.push({ input, resolve, reject })
      // After everything this turn of the event loop read from sockets, so that calls which came together go together.
      if (isDue || busy >= lanes) return
      isDue = true
      setImmediate(() => {
        isDue = false
        while (busy < lanes && queue.length > 0) flush()
      })
    })
  }
}
