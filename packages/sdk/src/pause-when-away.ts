/**
 * Pauses while nobody is there.
 *
 * @module
 */
import type { MarketplaceSession, Phase } from './session.ts'

export interface AwayOptions {
  /** Pause once the page was hidden for this long, and resume when it is seen again. */
  hiddenSeconds?: number | undefined
  /** Pause after this long without a touch, a key or a scroll. The user resumes. */
  idleSeconds?: number | undefined
}

/**
 * Watches the page and pauses the session for its user. Returns a function that stops watching.
 *
 * @example
 * pauseWhenAway(session, { hiddenSeconds: 60, idleSeconds: 300 })
 */
export function pauseWhenAway(session: MarketplaceSession, options: AwayOptions): () => void {
  const { hiddenSeconds, idleSeconds } = options
  const listening = new AbortController()
  let hiddenTimer: ReturnType<typeof setTimeout> | undefined
  let idleTimer: ReturnType<typeof setTimeout> | undefined
  let pausing: Promise<unknown> | undefined

  // What goes wrong here is in the snapshot, and tried again by the user.
  const act = async (phase: Phase, action: 'pause' | 'resume') =>
    session.getSnapshot().phase === phase && session[action]().catch(() => {})
  const pause = () => act('active', 'pause')

  function seen(): void {
    clearTimeout(hiddenTimer)
    if (document.hidden)
      hiddenTimer = setTimeout(() => {
        pausing = pause()
      }, hiddenSeconds! * 1000)
    else {
      // It may still be on its way.
      pausing?.then((isPaused) => isPaused && act('paused', 'resume'))
      pausing = undefined
    }
  }

  function active(): void {
    clearTimeout(idleTimer)
    idleTimer = setTimeout(pause, idleSeconds! * 1000)
  }

  const settings = { signal: listening.signal, capture: true, passive: true }
  if (hiddenSeconds) document.addEventListener('visibilitychange', seen, settings)
  if (idleSeconds) {
    for (const type of ['pointerdown', 'pointermove', 'keydown', 'scroll'])
      document.addEventListener(type, active, settings)
    active()
  }
  return () => {
    listening.abort()
    clearTimeout(hiddenTimer)
    clearTimeout(idleTimer)
  }
}

/** The same, as the session's own options want it. */
export const pauseAsWanted = (session: MarketplaceSession): (() => void) => {
  const { pauseWhenHidden, pauseWhenIdle } = session.options
  return pauseWhenAway(session, { hiddenSeconds: pauseWhenHidden, idleSeconds: pauseWhenIdle })
}
