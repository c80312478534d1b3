/**
 * Timed, paid sessions for an app on the Token Marketplace.
 *
 * @module
 */
import { createBrowserPorts } from './browser-ports.ts'
import { createSession } from './create-session.ts'
import type { MarketplaceSession, SessionOptions } from './session.ts'

export { type AnalyticsSink, sendEventsTo } from './analytics.ts'
export { type ErrorCode, MarketplaceError } from './errors.ts'
export { experiment } from './experiment.ts'
export { formatSeconds } from './format-seconds.ts'
export { type AwayOptions, pauseWhenAway } from './pause-when-away.ts'
export type {
  Channel,
  Clock,
  Crypto,
  KeyValueStorage,
  Lifecycle,
  Moment,
  Navigation,
  Ports,
  Timers,
} from './ports.ts'
export type {
  MarketplaceSession,
  Phase,
  RedirectPlan,
  ReturnReason,
  SessionEvent,
  SessionEventFields,
  SessionEventType,
  SessionOptions,
  Snapshot,
  Store,
} from './session.ts'
export { sessionEventTypes } from './session.ts'
export { idle as idleSnapshot } from './snapshot.ts'
export type { Texts } from './texts.ts'
export type { EndReason, ProblemDetails, PublicKey, PublicKeySet, Session, SessionStatus } from './wire.ts'

/**
 * Makes the session of this app. Nothing happens before `start()`, so that it is safe on a server.
 *
 * Called again for the same provider it returns the same session, also from a second copy of the
 * bundle: StrictMode, hot reloading and two script tags are one session.
 *
 * @example
 * const session = createMarketplaceSession({ apiUrl: 'https://api.example.com', providerId: 'prv_…' })
 * session.subscribe(() => (app.hidden = !session.getSnapshot().canServe))
 * await session.start()
 */
export function createMarketplaceSession(options: SessionOptions): MarketplaceSession {
  // The page's; its own where the ports are given, and on a server, where it is a request's.
  const isShared = !options.ports && typeof document !== 'undefined'
  const world = (isShared ? globalThis : {}) as { [key: symbol]: MarketplaceSession }
  const key = Symbol.for(`tm:${options.apiUrl}:${options.providerId}`)
  world[key] ??= createSession(options, createBrowserPorts)
  return world[key]
}
