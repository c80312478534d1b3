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

/** FNV-1a, with the bits mixed once more: short names that differ little still spread evenly. */
function spread(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}

/**
 * Assigns the user to a variant, always the same one for this user and experiment, and tells the sink
 * once per session that it was shown. The first variant is what everybody gets without a session.
 *
 * @example
 * const layout = experiment(session, 'toolbar', ['top', 'side'], sink)
 */
export function experiment<Variant extends string>(
  session: MarketplaceSession,
  name: string,
  variants: readonly [Variant, ...Variant[]],
  sink?: AnalyticsSink,
): Variant {
  const running = session.getSnapshot().session
  if (!running) return variants[0]
  const variant = variants[spread(`${running.userRef} ${name}`) % variants.length]!
  const exposure = `${running.id} ${name}`
  const shown = exposures.get(session) ?? new Set()
  exposures.set(session, shown)
  if (!shown.has(exposure))
    sink?.track('experiment_exposure', {
      experiment: name,
      variant,
      sessionId: running.id,
      userRef: running.userRef,
    })
  shown.add(exposure)
  return variant
}

const exposures = new WeakMap<MarketplaceSession, Set<string>>()
