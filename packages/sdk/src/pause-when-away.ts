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
  // Again and again, because a pause may not get through.
  let hiddenTimer: ReturnType<typeof setInterval> | undefined
  let idleTimer: ReturnType<typeof setInterval> | undefined
  let pausing: Promise<unknown> | undefined
  let isLast = false
  // The tab that was used last speaks for all: who left this one for another is there.
  const line = globalThis.BroadcastChannel && new BroadcastChannel(session.options.providerId)
  if (line)
    line.onmessage = ({ data: isAsked }) => {
      if (!isAsked) isLast = false
      else if (isLast) line.postMessage(0)
    }

  // What goes wrong here is in the snapshot, and tried again by the user.
  const act = async (phase: Phase, action: 'pause' | 'resume') =>
    session.getSnapshot().phase === phase && session[action]().catch(() => {})
  const pause = async () => isLast && act('active', 'pause')

  function used(): void {
    if (!isLast) line?.postMessage(0)
    isLast = true
  }

  function seen(): void {
    clearInterval(hiddenTimer)
    if (document.hidden)
      hiddenTimer = setInterval(() => {
        const last = pausing
        pausing = pause().then((isPaused) => isPaused || last)
      }, hiddenSeconds! * 1000)
    else {
      used()
      // It may still be on its way.
      pausing?.then((isPaused) => isPaused && act('paused', 'resume'))
      pausing = undefined
    }
  }

  function active(): void {
    used()
    clearInterval(idleTimer)
    idleTimer = setInterval(pause, idleSeconds! * 1000)
  }

  const settings = { signal: listening.signal, capture: true, passive: true }
  if (hiddenSeconds) {
    document.addEventListener('visibilitychange', seen, settings)
    // Opened in the background, or restored there: it speaks for itself, unless another tab says that it does.
    isLast = document.hidden
    if (isLast) line?.postMessage(1)
    seen()
  }
  if (idleSeconds) {
    for (const type of ['pointerdown', 'pointermove', 'keydown', 'scroll'])
      document.addEventListener(type, active, settings)
    active()
  }
  return () => {
    listening.abort()
    line?.close()
    clearInterval(hiddenTimer)
    clearInterval(idleTimer)
  }
}

/** The same, as the session's own options want it. */
export const watch = (session: MarketplaceSession): (() => void) => {
  const { pauseWhenHidden, pauseWhenIdle } = session.options
  return pauseWhenAway(session, { hiddenSeconds: pauseWhenHidden, idleSeconds: pauseWhenIdle })
}
