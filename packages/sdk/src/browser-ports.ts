/**
 * The core's ports in a browser. Every one of them may be missing or throw: private mode, sandboxed
 * frames, blocked cookies, old engines.
 *
 * @module
 */
import type { Channel, KeyValueStorage, Moment, Ports } from './ports.ts'
import type { PublicKey } from './wire.ts'

/** Returns undefined instead of throwing. */
function attempt<Value>(work: () => Value): Value | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

function createStorage(): KeyValueStorage {
  const memory: Record<string, string> = {}
  return {
    get: (key) => memory[key] ?? attempt(() => localStorage.getItem(key)) ?? null,
    set(key, value) {
      memory[key] = value
      attempt(() => {
        localStorage.setItem(key, value)
        delete memory[key]
      })
    },
  }
}

/** BroadcastChannel, or else storage events, which reach the other tabs too. */
function openChannel(name: string, receive: (message: string) => void): Channel {
  const channel = attempt(() => new BroadcastChannel(name))
  if (channel) {
    channel.onmessage = ({ data }) => receive(data)
    return { post: (message) => attempt(() => channel.postMessage(message)), close: () => channel.close() }
  }
  const key = `${name}:line`
  const hear = (event: StorageEvent) => event.key === key && event.newValue && receive(event.newValue)
  addEventListener('storage', hear)
  return {
    post: (message) => attempt(() => localStorage.setItem(key, message)),
    close: () => removeEventListener('storage', hear),
  }
}

function lead(name: string, held: () => void): (() => void) | undefined {
  if (!navigator.locks) return undefined
  const abort = new AbortController()
  const { signal } = abort
  const freed = new Promise((resolve) => {
    signal.onabort = resolve
  })
  // Rejects when aborted while waiting, and where locks are forbidden: then everybody leads.
  navigator.locks
    .request(name, { signal }, () => {
      held()
      return freed
    })
    .catch(() => signal.aborted || held())
  return () => abort.abort()
}

async function verifyEs256(jwk: PublicKey, signature: Uint8Array, signed: Uint8Array) {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('jwk', jwk as JsonWebKey, algorithm, false, ['verify'])
  return crypto.subtle.verify(algorithm, key, signature as BufferSource, signed as BufferSource)
}

/** The browser, as the core sees it. */
export function createBrowserPorts(): Ports {
  return {
    clock: { wall: () => Date.now(), monotonic: () => performance.now() },
    timers: {
      set: (callback, delayMs) => setTimeout(callback, delayMs),
      clear: (timer) => clearTimeout(timer as number),
    },
    lifecycle: {
      isVisible: () => !document.hidden,
      listen(listener) {
        const listening = new AbortController()
        // Captured, so that the document's own events pass the window, too.
        const on = (type: string, moment?: Moment) =>
          addEventListener(type, () => listener(moment ?? (document.hidden ? 'hidden' : 'visible')), {
            signal: listening.signal,
            capture: true,
          })
        on('pagehide', 'hide')
        // Also fires after the first load, when frameworks have hydrated.
        on('pageshow', 'show')
        on('online', 'online')
        on('visibilitychange')
        on('resume')
        return () => listening.abort()
      },
    },
    storage: createStorage(),
    channel: openChannel,
    lead,
    fetch: (url, init) => fetch(url, init),
    beacon(url, body) {
      // Both send text/plain, which needs no preflight. Firefox had no keepalive before 133.
      if (attempt(() => navigator.sendBeacon(url, body))) return
      attempt(() =>
        fetch(url, { method: 'POST', body, keepalive: true, credentials: 'omit' }).catch(() => {}),
      )
    },
    crypto: {
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
      verifyEs256: crypto.subtle && verifyEs256,
    },
    navigation: {
      href: () => location.href,
      rewrite: (href) => attempt(() => history.replaceState(history.state, '', href)),
      leave: (url, keepsHistory) => (keepsHistory ? location.assign(url) : location.replace(url)),
    },
    view: (session) => import('./dialog/dialog.ts').then(({ openDialog }) => openDialog(session)),
    watch: (session) => import('./pause-when-away.ts').then(({ watch }) => watch(session)),
  }
}
