/** How long the marketplace is waited for. */
const ANSWER_WITHIN_MS = 5_000

/**
 * A question to the marketplace that is given up after five seconds. Not by `AbortSignal.timeout`, which not every runtime
 * has, nor by the signal alone, which a `fetch` that was handed in may not heed.
 */
export async function bounded<Answer>(ask: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
  const abort = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error('no answer in time'))
      abort.abort()
    }, ANSWER_WITHIN_MS)
  })
  try {
    return await Promise.race([ask(abort.signal), late])
  } finally {
    clearTimeout(timer)
  }
}
