/**
 * Server-sent events: what somebody looks at, again whenever it changed.
 *
 * Each stream asks the database itself, so that it makes no difference which instance the change came through. A
 * stream ends by itself before the credential it was opened with does; the page opens the next one.
 *
 * @module
 */
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { Problem } from '../errors.ts'

const POLL_MS = 1_000
/** Proxies and the server's own idle limit cut what is silent for a minute. */
const PING_MS = 20_000
const LIFE_MS = 600_000
const STREAMS_PER_VIEWER = 6
/** An office has many viewers, and an address that registers many accounts is to leave room for others. */
const STREAMS_PER_ADDRESS = 60
const STREAMS_MAX = 300

/** What is to be shown, and what of it counts as a change: time that passes does not. */
export type Look = () => Promise<{ shown: object; mark: string }>

export interface Viewer {
  id: string
  address: string
}

export interface Watches {
  /**
   * Undefined where as many are open as may be.
   *
   * @param read what is shown, sent as event `name` when its mark differs from that of what was sent before
   */
  open(viewer: Viewer, name: string, read: Look): Readable | undefined
  end(): void
}

export function createWatches(): Watches {
  const open = new Map<Readable, Viewer>()
  return {
    open(viewer, name, read) {
      const all = [...open.values()]
      const own = all.filter(({ id }) => id === viewer.id).length
      const near = all.filter(({ address }) => address === viewer.address).length
      if (own >= STREAMS_PER_VIEWER || near >= STREAMS_PER_ADDRESS || all.length >= STREAMS_MAX)
        return undefined
      const stopped = new AbortController()
      const stream = new Readable({
        // What nobody takes is not gathered: a reader that stands still misses looks, and gets the newest.
        read() {},
        destroy(error, done) {
          stopped.abort()
          done(error)
        },
      })
      open.set(stream, viewer)
      stream.once('close', () => open.delete(stream))
      follow(stream, { name, read, signal: stopped.signal }).then(
        () => stream.push(null),
        // Who may not look any more is told by the refusal of the next call.
        (error: Error) => (error instanceof Problem ? stream.push(null) : stream.destroy(error)),
      )
      return stream
    },
    end() {
      for (const stream of open.keys()) stream.destroy()
    },
  }
}

async function follow(
  stream: Readable,
  { name, read, signal }: { name: string; read: Look; signal: AbortSignal },
): Promise<void> {
  const started = performance.now()
  let sent: string | undefined
  let sentAt = started
  let hasRoom = true
  const tell = (text: string) => {
    sentAt = performance.now()
    hasRoom = !signal.aborted && stream.push(text)
  }
  // Told at once, so that the page knows it is connected before there is anything to see.
  tell('retry: 2000\n\n')
  while (!signal.aborted && performance.now() - started < LIFE_MS) {
    if (hasRoom || stream.readableLength === 0) {
      const { shown, mark } = await read()
      if (signal.aborted) return
      if (mark !== sent) {
        sent = mark
        tell(`event: ${name}\ndata: ${JSON.stringify(shown)}\n\n`)
      } else if (performance.now() - sentAt > PING_MS) tell(': still here\n\n')
    }
    await wait(POLL_MS, undefined, { signal }).catch(() => undefined)
  }
}
