/**
 * The same core in React Native: no DOM, but an app state, deep links and a storage that answers later.
 *
 * @module
 */
import type { KeyValueStorage, Moment, Ports } from '../ports.ts'

/** The part of React Native's `AppState` that is used. */
export interface AppStateLike {
  currentState: string | null | undefined
  addEventListener(type: 'change', listener: (state: string) => void): { remove(): void }
}

/** The part of React Native's `Linking` that is used. */
export interface LinkingLike {
  getInitialURL(): Promise<string | null | undefined>
  addEventListener(type: 'url', listener: (event: { url: string }) => void): { remove(): void }
  openURL(url: string): Promise<unknown>
}

/** AsyncStorage, or an encrypted one such as `expo-secure-store` under these two names. */
export interface StorageLike {
  getItem(key: string): Promise<string | null>
  setItem(key: string, value: string): Promise<unknown>
}

export interface ReactNativeParts {
  providerId: string
  appState: AppStateLike
  linking: LinkingLike
  storage: StorageLike
}

export interface ReactNativePorts extends Ports {
  /** Calls back when a deep link brings a new launch into the running app. Returns a function that stops it. */
  onLaunch(listener: () => void): () => void
}

/** The core reads at once, so what is kept is read before it starts, and written behind its back. */
async function readAhead(storage: StorageLike, keys: string[]): Promise<KeyValueStorage> {
  // Secure stores take letters, digits, dot, dash and underscore only.
  const toSafe = (key: string) => key.replace(/:/g, '.')
  const values = new Map<string, string>()
  for (const key of keys) {
    const value = await storage.getItem(toSafe(key)).catch(() => null)
    if (value !== null) values.set(key, value)
  }
  let writing: Promise<unknown> = Promise.resolve()
  return {
    get: (key) => values.get(key) ?? null,
    set(key, value) {
      values.set(key, value)
      // One after the other, or an older state could be written last.
      writing = writing.then(() => storage.setItem(toSafe(key), value)).catch(() => {})
    },
  }
}

/**
 * Makes the ports of an app in React Native. The app in the background is a page that is left: its
 * time stops, and runs again when it is opened.
 *
 * @example
 * const ports = await createReactNativePorts({ providerId, appState: AppState, linking: Linking, storage: AsyncStorage })
 * const session = createMarketplaceSession({ apiUrl, providerId, ports })
 * ports.onLaunch(() => {
 *   session.dispose()
 *   session.start()
 * })
 */
export async function createReactNativePorts(parts: ReactNativeParts): Promise<ReactNativePorts> {
  const { providerId, appState, linking, storage } = parts
  const key = `tm:${providerId}`
  const kept = await readAhead(storage, [key, `${key}:keys`, `${key}:launch`])
  let href = (await linking.getInitialURL().catch(() => null)) ?? ''
  /** A link that came while a session ran. It is the next one's: the running one would clean it away unread. */
  let next: string | undefined
  let running = 0
  const { crypto } = globalThis

  return {
    clock: { wall: () => Date.now(), monotonic: () => performance.now() },
    timers: {
      set: (callback, delayMs) => setTimeout(callback, delayMs),
      clear: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
    },
    lifecycle: {
      isVisible: () => appState.currentState === 'active',
      listen(listener) {
        // `inactive` is a glance at the notifications: the app is still there.
        const moments: Partial<Record<string, Moment>> = { background: 'hide', active: 'show' }
        const listening = appState.addEventListener('change', (state) => {
          const moment = moments[state]
          if (moment) listener(moment)
        })
        running++
        return () => {
          listening.remove()
          running--
          href = next ?? href
          next = undefined
        }
      },
    },
    storage: kept,
    channel: () => ({ post() {}, close() {} }),
    lead: () => undefined,
    fetch: (url, init) => fetch(url, init),
    beacon(url, body) {
      fetch(url, { method: 'POST', body, headers: { 'content-type': 'text/plain' } }).catch(() => {})
    },
    crypto: {
      random: (length) =>
        crypto?.getRandomValues
          ? crypto.getRandomValues(new Uint8Array(length))
          : // The client id tells browsers apart and opens nothing: the session JWT does.
            Uint8Array.from({ length }, () => Math.random() * 256),
    },
    navigation: {
      href: () => href,
      rewrite(clean) {
        href = clean
      },
      leave(url) {
        linking.openURL(url).catch(() => {})
      },
    },
    onLaunch(listener) {
      const listening = linking.addEventListener('url', ({ url }) => {
        if (!/[?&#]launch_jwt=/.test(url)) return
        if (running > 0) next = url
        else href = url
        listener()
      })
      return () => listening.remove()
    },
  }
}
