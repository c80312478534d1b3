/**
 * Server-sent events with a credential, which EventSource cannot send.
 *
 * @module
 */
import { sendAsUser } from './call.ts'
import { Problem, SignedOut, Unreachable } from './http.ts'

const WAIT_MS_MIN = 1_000
const WAIT_MS_MAX = 15_000
/** The API says something every 20 seconds. A network that went away says nothing, for ever. */
const SILENCE_MS_MAX = 50_000

export interface Watch<T> {
  onEvent(shown: T): void
  /** False while there is no connection; it is tried again by itself. */
  onConnected(isConnected: boolean): void
  /** It will not be tried again. */
  onRefused(error: unknown): void
}

/** @returns a function that ends it */
export function watchEvents<T>(path: string, { onEvent, onConnected, onRefused }: Watch<T>): () => void {
  const stopped = new AbortController()
  const { signal } = stopped

  async function follow(): Promise<void> {
    let waitMs = WAIT_MS_MIN
    while (!signal.aborted) {
      try {
        const response = await sendAsUser(path, { accept: 'text/event-stream', signal, isStream: true })
        if (!response.body) throw new Error('a stream has a body')
        onConnected(true)
        let isHeard = false
        for await (const text of readEvents(response.body)) {
          isHeard = true
          waitMs = WAIT_MS_MIN
          onEvent(JSON.parse(text) as T)
        }
        // It ended as it should: the next one begins at once, with a fresh credential.
        if (isHeard) continue
        onConnected(false)
      } catch (error) {
        if (signal.aborted) return
        const isFinal = error instanceof Problem && error.status < 500 && error.status !== 429
        if (isFinal || error instanceof SignedOut) return onRefused(error)
        onConnected(false)
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs))
      waitMs = Math.min(waitMs * 2, WAIT_MS_MAX)
    }
  }

  void follow()
  return () => stopped.abort()
}

/** The data of each event. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await orSilence(reader.read())
      if (done) return
      rest += decoder.decode(value, { stream: true })
      const events = rest.split('\n\n')
      rest = events.pop() ?? ''
      for (const event of events) {
        const lines = event.split('\n').filter((line) => line.startsWith('data:'))
        if (lines.length > 0) yield lines.map((line) => line.slice(5).trimStart()).join('\n')
      }
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}

function orSilence<T>(read: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout>
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Unreachable('The stream fell silent')), SILENCE_MS_MAX)
  })
  return Promise.race([read, silence]).finally(() => clearTimeout(timer))
}
