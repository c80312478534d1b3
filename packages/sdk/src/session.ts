/**
 * What an app sees of its session.
 *
 * @module
 */
import type { MarketplaceError } from './errors.ts'
import type { Ports } from './ports.ts'
import type { Texts } from './texts.ts'
import type { EndReason, Session } from './wire.ts'

/**
 * - `idle`: not started
 * - `starting`: the launch is being validated
 * - `active`: time runs
 * - `paused`: time stands still
 * - `ended`: over, as the server confirmed
 * - `failed`: there is no session; `error` says why
 */
export type Phase = 'idle' | 'starting' | 'active' | 'paused' | 'ended' | 'failed'

/** One consistent view. A new object whenever something in it changes, the same one else. */
export interface Snapshot {
  readonly phase: Phase
  /** True while the app may be used: the one flag to gate on. */
  readonly canServe: boolean
  /** True once the time left is within the warning. */
  readonly isEnding: boolean
  /** True once the user has answered the warning, in this tab or another. */
  readonly isWarningDismissed: boolean
  /** The last answer of the server. */
  readonly session: Session | null
  /** What is wrong at the moment. With a temporary error the session goes on. */
  readonly error: MarketplaceError | null
}

/** What the marketplace is told on the way back. */
export type ReturnReason = 'completed' | 'expired' | 'abandoned' | 'revoked' | 'extend'

export interface RedirectPlan {
  url: string
  reason: ReturnReason | null
  snapshot: Snapshot
}

/**
 * - `start`: validated, or continued after a reload
 * - `warning`: the time left is within the warning
 * - `pause`, `resume`: wherever it was done
 * - `extend`: the session got longer
 * - `block`, `unblock`: the app may not be used for now, and again
 * - `end`: the server confirmed the end
 * - `error`: something is wrong, see `error`
 * - `redirect`: about to leave, after `onBeforeRedirect`
 */
export type SessionEventType = keyof SessionEventFields

export interface SessionEventFields {
  start: object
  warning: { secondsLeft: number }
  pause: object
  resume: object
  extend: { addedSeconds: number }
  block: object
  unblock: object
  end: { reason: EndReason }
  error: { error: MarketplaceError }
  redirect: { url: string; reason: ReturnReason | null }
}

/** All of them, for whoever listens to everything. */
export const sessionEventTypes: readonly SessionEventType[] = [
  'start',
  'warning',
  'pause',
  'resume',
  'extend',
  'block',
  'unblock',
  'end',
  'error',
  'redirect',
]

export type SessionEvent<Type extends SessionEventType = SessionEventType> = {
  [Each in Type]: { type: Each; snapshot: Snapshot } & SessionEventFields[Each]
}[Type]

/** A value that can be watched. Fits `useSyncExternalStore` as it is. */
export interface Store<Value> {
  subscribe(listener: () => void): () => void
  getSnapshot(): Value
}

export interface SessionOptions {
  /** The marketplace's API, for instance `https://api.example.com`. */
  apiUrl: string
  /** Your provider id, `prv_…`. */
  providerId: string
  /** Warn this long before the end; the server's proposal (at most 5 minutes) when unset. */
  warningSeconds?: number | undefined
  /**
   * What to do while the API cannot be reached and the lease has run out: `block` closes the app until
   * a heartbeat is answered. `allow-until-paid` keeps it open up to the paid end; the time is the
   * provider's gift, because the server bills nothing it did not hear of.
   */
  onUnavailable?: 'block' | 'allow-until-paid' | undefined
  /** Pause once the page was hidden for this many seconds, and resume when it is seen again. Default never. */
  pauseWhenHidden?: number | undefined
  /** Pause after this many seconds without a touch, a key or a scroll; the user resumes. Default never. */
  pauseWhenIdle?: number | undefined
  /** Where users come from. Needed only to send them back before a session was ever validated. */
  marketplaceUrl?: string | undefined
  /** Go back to the marketplace at the end. Default true. */
  redirect?: boolean | undefined
  /** Runs before the user leaves; save work here. Waited for, up to 3 seconds. */
  onBeforeRedirect?: ((plan: RedirectPlan) => unknown) | undefined
  /** Show the built-in dialog. Default true. `false` is headless: draw your own from the snapshot. */
  dialog?: boolean | undefined
  /** Let people in who did not come from the marketplace: no dialog for `launch_missing`. Default false. */
  isOptional?: boolean | undefined
  /** Replaces words of the dialog, which waits for a promise of them; keys in the README. Error codes are keys too. */
  texts?: Partial<Texts> | Promise<Partial<Texts>> | undefined
  /** Fixes the dialog's colours; unset, they follow the page's `color-scheme`. */
  theme?: 'light' | 'dark' | undefined
  /** Another world than the browser's. */
  ports?: Ports | undefined
}

/** The session of this app, shared by all its tabs. */
export interface MarketplaceSession extends Store<Snapshot> {
  readonly options: SessionOptions
  /**
   * Begins, or continues after a reload. Calling it twice is one session. Never rejects: the outcome
   * is in the snapshot.
   */
  start(): Promise<Snapshot>
  /** Stops the time. @throws {MarketplaceError} */
  pause(): Promise<Snapshot>
  /** Lets the time run again. @throws {MarketplaceError} */
  resume(): Promise<Snapshot>
  /** Ends the session, charges what was used and goes back. @throws {MarketplaceError} */
  complete(): Promise<Snapshot>
  /** Goes to the marketplace to add time. The session is kept. */
  extend(): Promise<void>
  /** Goes back to the marketplace; where there is nowhere to go, nothing happens. */
  leave(): Promise<void>
  /** Asks the server now, for instance from a "Try again" button. */
  refresh(): void
  /** Answers the warning in all tabs. */
  dismissWarning(): void
  /**
   * The credential of this session, for your own server: it proves there that the time is paid.
   * Undefined before there is a session.
   */
  getSessionJwt(): string | undefined
  /** The whole seconds left, ticking only while watched. Null before there is a session. */
  readonly secondsLeft: Store<number | null>
  /** Listens to one kind of event. Returns a function that stops it. */
  on<Type extends SessionEventType>(type: Type, listener: (event: SessionEvent<Type>) => void): () => void
  /** Tells what was used, stops everything here without ending the session, and leads nowhere afterwards. `start()` continues it. */
  dispose(): void
}
