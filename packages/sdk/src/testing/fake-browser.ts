/**
 * A browser's tabs: storage, channel and locks that they share, and a life each.
 *
 * @module
 */
import type { Moment, Ports } from '../ports.ts'
import type { VirtualTime } from './virtual-time.ts'

/** What a laptop's two clocks and its network look like at the moment. */
export interface Device {
  skewMs: number
  sleptMs: number
  isOnline: boolean
}

export interface FakeTab {
  ports: Ports
  href: string
  /** Where the page went, if it left. */
  leftTo: string | undefined
  tell(moment: Moment): void
  setVisible(isVisible: boolean): void
  /** Stops the page without telling it, as browsers do with hidden tabs. */
  freeze(): void
  thaw(): void
  /** Ends the page as closing or navigating does. */
  close(): void
  /** Ends the page as a crash does. */
  crash(): void
}

interface Wait {
  held: () => void
  tab: FakeTab
}

/** Makes a browser; every tab opened in it shares its storage. */
export function createFakeBrowser(
  time: Pick<VirtualTime, 'now' | 'set' | 'clear'>,
  device: Device,
  send: (url: string, init: { body?: unknown; headers?: Record<string, string> }) => Response,
  seed: number,
) {
  const storage = new Map<string, string>()
  const lines = new Set<{ name: string; receive: (message: string) => void; tab: FakeTab }>()
  const locks = new Map<string, Wait[]>()
  let randomState = seed

  const random = (length: number) =>
    Uint8Array.from({ length }, () => {
      randomState = (randomState * 1_103_515_245 + 12_345) % 2_147_483_648
      return randomState >> 16
    })

  function open(href: string, changes: Partial<Ports> = {}): FakeTab {
    let isVisible = true
    let isFrozen = false
    let isGone = false
    const listeners = new Set<(moment: Moment) => void>()
    const isHeld = () => isFrozen || isGone

    const dropLocks = () => {
      for (const [name, waits] of locks) {
        const wasFirst = waits[0]?.tab === tab
        const rest = waits.filter((wait) => wait.tab !== tab)
        locks.set(name, rest)
        if (wasFirst) rest[0]?.held()
      }
    }

    const tab: FakeTab = {
      href,
      leftTo: undefined,
      tell(moment) {
        for (const listener of [...listeners]) listener(moment)
      },
      setVisible(next) {
        isVisible = next
        tab.tell(next ? 'visible' : 'hidden')
      },
      freeze() {
        isFrozen = true
      },
      thaw() {
        isFrozen = false
        tab.tell('visible')
      },
      close() {
        tab.tell('hide')
        tab.crash()
      },
      crash() {
        isGone = true
        for (const line of lines) if (line.tab === tab) lines.delete(line)
        dropLocks()
      },
      ports: {
        clock: {
          wall: () => time.now() + device.skewMs,
          monotonic: () => time.now() - device.sleptMs - 1_700_000_000_000,
        },
        timers: { set: (callback, delayMs) => time.set(callback, delayMs, isHeld), clear: time.clear },
        lifecycle: {
          isVisible: () => isVisible,
          listen(listener) {
            listeners.add(listener)
            return () => listeners.delete(listener)
          },
        },
        storage: {
          get: (key) => storage.get(key) ?? null,
          set: (key, value) => void storage.set(key, value),
        },
        channel(name, receive) {
          const line = { name, receive, tab }
          lines.add(line)
          return {
            post(message) {
              for (const other of lines)
                if (other !== line && other.name === name) queueMicrotask(() => other.receive(message))
            },
            close: () => void lines.delete(line),
          }
        },
        lead(name, held) {
          const waits = locks.get(name) ?? []
          locks.set(name, waits)
          waits.push({ held, tab })
          if (waits.length === 1) queueMicrotask(held)
          return dropLocks
        },
        fetch(url, init) {
          if (isGone) return new Promise(() => {})
          if (!device.isOnline) return Promise.reject(new TypeError('Failed to fetch'))
          const response = send(url, init as { body?: unknown; headers?: Record<string, string> })
          return isGone ? new Promise(() => {}) : Promise.resolve(response)
        },
        beacon(url, body) {
          if (device.isOnline) send(url, { body })
        },
        crypto: { random },
        navigation: {
          href: () => tab.href,
          rewrite(next) {
            tab.href = next
          },
          leave(url) {
            tab.leftTo = url
            tab.close()
          },
        },
        ...changes,
      },
    }
    return tab
  }

  return { open, storage }
}

export type FakeBrowser = ReturnType<typeof createFakeBrowser>
