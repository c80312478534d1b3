/**
 * Hooks for product teams. Whoever does not import them does not load them.
 *
 * @module
 */
import { type MarketplaceSession, sessionEventTypes } from './session.ts'

/** Where figures go: your analytics, with an adapter of one line. */
export interface AnalyticsSink {
  track(name: string, properties: Record<string, string | number | null>): void
}

/**
 * Sends every event of a session to a sink, flat and without credentials. Returns a function that
 * stops it.
 *
 * @example
 * sendEventsTo(session, { track: (name, properties) => posthog.capture(name, properties) })
 */
export function sendEventsTo(session: MarketplaceSession, sink: AnalyticsSink): () => void {
  const stops = sessionEventTypes.map((type) =>
    session.on(type, (event) => {
      const { snapshot } = event
      sink.track(`session_${type}`, {
        sessionId: snapshot.session?.id ?? null,
        userRef: snapshot.session?.userRef ?? null,
        secondsLeft: session.secondsLeft.getSnapshot(),
        reason: 'reason' in event ? event.reason : null,
        code: 'error' in event ? event.error.code : null,
      })
    }),
  )
  return () => {
    for (const stop of stops) stop()
  }
}
