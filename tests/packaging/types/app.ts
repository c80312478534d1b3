// Compiled by several TypeScripts against the packed SDK: what must be accepted, and what must not.
import {
  type AnalyticsSink,
  createMarketplaceSession,
  type ErrorCode,
  experiment,
  formatSeconds,
  type MarketplaceError,
  type MarketplaceSession,
  pauseWhenAway,
  type Session,
  type Snapshot,
  sendEventsTo,
} from '@token-marketplace/sdk'
import german from '@token-marketplace/sdk/languages/de'
import {
  MarketplaceSessionProvider,
  SessionGate as ReactGate,
  useMarketplaceSession,
  useSecondsLeft,
} from '@token-marketplace/sdk/react'
import { createReactNativePorts, type ReactNativePorts } from '@token-marketplace/sdk/react-native'
import {
  createSessionGate,
  ServerError,
  type ServerErrorCode,
  verifyWebhook,
} from '@token-marketplace/sdk/server'
import { createFakeMarketplace } from '@token-marketplace/sdk/testing'
import {
  marketplaceSession,
  useMarketplaceSession as useVueSession,
  SessionGate as VueGate,
} from '@token-marketplace/sdk/vue'
import { createElement } from 'react'
import { createApp, h } from 'vue'

const options = { apiUrl: 'https://api.example.com', providerId: 'prv_1' }
const session: MarketplaceSession = createMarketplaceSession({
  ...options,
  texts: german,
  warningSeconds: 60,
  pauseWhenHidden: 60,
  pauseWhenIdle: undefined,
})

// @ts-expect-error: the provider's id is needed
createMarketplaceSession({ apiUrl: options.apiUrl })
// @ts-expect-error: there is no such way to be unavailable
createMarketplaceSession({ ...options, onUnavailable: 'ignore' })

session.on('warning', ({ secondsLeft }) => formatSeconds(secondsLeft))
session.on('end', ({ reason, snapshot }) => `${reason} ${snapshot.phase}`)
// @ts-expect-error: only the warning knows the seconds
session.on('start', ({ secondsLeft }) => formatSeconds(secondsLeft))

/** The code narrows: after `offline` it is something else. */
export function explain(error: MarketplaceError): string {
  if (error.code === 'offline') return error.userMessage
  const rest: Exclude<ErrorCode, 'offline'> = error.code
  return rest
}

export const wire: Pick<Session, 'id' | 'remainingMs'> | null = session.getSnapshot().session
export const isServed: Snapshot['canServe'] = session.getSnapshot().canServe
export const toolbar: 'top' | 'side' = experiment(session, 'toolbar', ['top', 'side'])
// @ts-expect-error: an experiment has a variant at least
experiment(session, 'toolbar', [])
const sink: AnalyticsSink = { track: (name, properties) => `${name} ${properties.code}` }
export const stopTelling: () => void = sendEventsTo(session, sink)
export const stopPausing: () => void = pauseWhenAway(session, { hiddenSeconds: 60 })

export async function serve(request: Request): Promise<Response> {
  const gate = createSessionGate(options)
  try {
    const { claims, session: state } = await gate.check(request.headers.get('authorization'))
    return new Response(`${claims.sub} ${state.remainingMs}`)
  } catch (error) {
    if (!(error instanceof ServerError)) throw error
    const code: ServerErrorCode = error.code
    return code === 'session_not_served' ? new Response(null, { status: 402 }) : error.toResponse()
  }
}

export const readWebhook = (body: string, headers: Headers) =>
  verifyWebhook({ body, headers, secret: 'whsec_1' })

export function ReactApp() {
  const { phase, pause } = useMarketplaceSession()
  const secondsLeft: number | null = useSecondsLeft()
  const gate = createElement(ReactGate, { fallback: phase }, secondsLeft)
  return createElement(
    MarketplaceSessionProvider,
    options,
    gate,
    createElement('button', { type: 'button', onClick: () => pause() }),
  )
}

createApp({
  components: { VueGate },
  setup: () => {
    const { snapshot } = useVueSession()
    return () => h(VueGate, null, { default: () => snapshot.value.phase, fallback: () => 'Paused' })
  },
}).use(marketplaceSession, options)

export const ports: Promise<ReactNativePorts> = createReactNativePorts({
  providerId: options.providerId,
  appState: { currentState: 'active', addEventListener: () => ({ remove() {} }) },
  linking: {
    getInitialURL: async () => null,
    addEventListener: () => ({ remove() {} }),
    openURL: async () => undefined,
  },
  storage: { getItem: async () => null, setItem: async () => undefined },
})

export async function testExpiry(): Promise<string> {
  const market = createFakeMarketplace()
  // A test's own wrapper hands on what it was given, and what it was not.
  market.launch({ duration: undefined })
  market.api.failWith = { status: 503, code: undefined }
  const tab = await market.openTab({ href: undefined, options: { dialog: false }, ports: undefined })
  await market.advance('31m')
  // @ts-expect-error: a duration carries its unit
  await market.advance('31')
  return tab.session.getSnapshot().phase
}
