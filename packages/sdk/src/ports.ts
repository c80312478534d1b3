/**
 * What the core needs of the world. A browser, React Native and the test kit are three sets of it.
 *
 * @module
 */
import type { MarketplaceSession } from './session.ts'
import type { PublicKey } from './wire.ts'

/** Two clocks, because each of them lies in its own way: see `timekeeper.ts`. */
export interface Clock {
  /** Milliseconds since 1970; its owner can set it. */
  wall(): number
  /** Milliseconds since some moment; stops during sleep on most systems. */
  monotonic(): number
}

export interface Timers {
  set(callback: () => void, delayMs: number): unknown
  clear(timer: unknown): void
}

/**
 * - `hide`: the page may never run again (pagehide)
 * - `show`: it does run again (bfcache, unfreezing)
 * - `visible`, `hidden`: the user sees it, or not
 * - `online`: the network came back
 */
export type Moment = 'hide' | 'show' | 'visible' | 'hidden' | 'online'

export interface Lifecycle {
  isVisible(): boolean
  /** Returns a function that stops listening. */
  listen(listener: (moment: Moment) => void): () => void
}

/** Strings that outlive the page. May forget, must not throw. */
export interface KeyValueStorage {
  get(key: string): string | null
  set(key: string, value: string): void
}

/** A line to the other tabs of this origin. */
export interface Channel {
  post(message: string): void
  close(): void
}

export interface Crypto {
  random(length: number): Uint8Array
  /** Missing where there is no WebCrypto: then the server alone verifies. */
  verifyEs256?(key: PublicKey, signature: Uint8Array, signed: Uint8Array): Promise<boolean>
}

export interface Navigation {
  href(): string
  /** Changes the address without loading anything and without a new history entry. */
  rewrite(href: string): void
  /** Goes away; with `keepsHistory`, Back leads here again. */
  leave(url: string, keepsHistory: boolean): void
}

export interface Ports {
  clock: Clock
  timers: Timers
  lifecycle: Lifecycle
  storage: KeyValueStorage
  /** Opens the line to the other tabs. */
  channel(name: string, receive: (message: string) => void): Channel
  /** Calls `held` once this tab leads. Returns a release; undefined where locks are missing. */
  lead(name: string, held: () => void): (() => void) | undefined
  fetch(url: string, init: RequestInit): Promise<Response>
  /** Sends a last message from a page that is going away. */
  beacon(url: string, body: string): void
  crypto: Crypto
  navigation: Navigation
  /** Loads the user interface and attaches it. Missing where there is none. */
  view?(session: MarketplaceSession): Promise<() => void>
  /** Watches for nobody being there, as the options want it. Missing where the app itself is told. */
  watch?(session: MarketplaceSession): Promise<() => void>
}
