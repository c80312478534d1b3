/**
 * Experiments. Whoever does not import this does not load it.
 *
 * @module
 */
import type { AnalyticsSink } from './analytics.ts'
import { request } from './api.ts'
import { retryDelayMs } from './beat-delay.ts'
import { MarketplaceError } from './errors.ts'
import type { Ports } from './ports.ts'
import type { MarketplaceSession } from './session.ts'

/** About a minute of trying; whoever asks for the variant again later starts it anew. */
const TRIES_MAX = 6
/** The API takes no more for one session. */
const EXPERIMENTS_MAX = 20

type World = Pick<Ports, 'fetch' | 'timers'>

const browser: World = {
  fetch: (url, init) => fetch(url, init),
  timers: {
    set: (callback, delayMs) => setTimeout(callback, delayMs),
    clear: (timer) => clearTimeout(timer as number),
  },
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
 * Assigns the user to a variant, always the same one for this user and experiment. The marketplace is
 * told once per session, in the background, so that its analytics can compare how sessions end; a sink
 * is told, too. The first variant is what everybody gets without a session.
 *
 * Names are up to 64 letters, digits, `.`, `_` and `-`, and begin with a letter or digit. A session has up to 20 experiments.
 *
 * @example
 * const layout = experiment(session, 'toolbar', ['top', 'side'])
 */
export function experiment<Variant extends string>(
  session: MarketplaceSession,
  name: string,
  variants: readonly [Variant, ...Variant[]],
  sink?: AnalyticsSink,
): Variant {
  const running = session.getSnapshot().session
  if (!running) return variants[0]
  const { id: sessionId, userRef } = running
  const variant = variants[spread(`${userRef} ${name}`) % variants.length]!
  const { shown, told } = exposures.get(session) ?? { shown: new Set(), told: new Set() }
  exposures.set(session, { shown, told })
  const exposure = `${sessionId} ${name}`
  const isFirst = !shown.has(exposure)
  // Noted before anybody hears of it: a sink may ask for the variant again.
  shown.add(exposure)
  if (isFirst) track(sink, { experiment: name, variant, sessionId, userRef })
  const ofSession = [...told].filter((each) => each.startsWith(`${sessionId} `))
  if (!told.has(exposure) && ofSession.length < EXPERIMENTS_MAX && running.status !== 'ended') {
    told.add(exposure)
    tell(session, sessionId, { experiment: name, variant }).catch((error: MarketplaceError) => {
      // A refusal stays one; the network may be better when the variant is asked for again.
      if (error.isTemporary) told.delete(exposure)
      else console.warn(`experiment "${name}":`, error.message)
    })
  }
  return variant
}

function track(sink: AnalyticsSink | undefined, properties: Record<string, string>): void {
  try {
    sink?.track('experiment_exposure', properties)
  } catch (thrown) {
    console.error(thrown)
  }
}

/** The first variant that the API hears of stands, so it may be told again. */
async function tell(session: MarketplaceSession, sessionId: string, body: object): Promise<void> {
  const { apiUrl, ports = browser } = session.options
  const url = `${apiUrl.replace(/\/+$/, '')}/api/v1/sessions/${sessionId}/exposures`
  for (let failures = 1; ; failures++) {
    try {
      // Asked for anew each time: a session that was replaced has no credential any more.
      if (session.getSnapshot().session?.id !== sessionId) return
      await request(ports, url, body, session.getSessionJwt())
      return
    } catch (thrown) {
      const error = thrown instanceof MarketplaceError ? thrown : new MarketplaceError('offline')
      if (!error.isTemporary || failures === TRIES_MAX) throw error
      const delayMs = retryDelayMs(failures, error.retryAfterMs, Math.random())
      await new Promise<void>((resolve) => ports.timers.set(resolve, delayMs))
    }
  }
}

const exposures = new WeakMap<MarketplaceSession, { shown: Set<string>; told: Set<string> }>()
