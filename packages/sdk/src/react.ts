'use client'

/**
 * The session in React: subscription and nothing else.
 *
 * @module
 */
import {
  createContext,
  createElement,
  type FunctionComponent,
  type ReactNode,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
} from 'react'
import { hold } from './hold.ts'
import {
  createMarketplaceSession,
  idleSnapshot,
  type MarketplaceSession,
  type SessionOptions,
  type Snapshot,
} from './index.ts'

const SessionContext = createContext<MarketplaceSession | null>(null)

/** Everything of the session and its snapshot in one object. */
export type UseMarketplaceSession = Omit<MarketplaceSession, 'start' | 'dispose'> & Snapshot

/**
 * Starts the session for everything inside. Safe in StrictMode and on a server.
 *
 * @example
 * <MarketplaceSessionProvider apiUrl="https://api.example.com" providerId="prv_…">
 *   <App />
 * </MarketplaceSessionProvider>
 */
export const MarketplaceSessionProvider: FunctionComponent<SessionOptions & { children?: ReactNode }> = ({
  children,
  ...options
}) => {
  const [session] = useState(() => createMarketplaceSession(options))
  useEffect(() => {
    // A callback of the first rendering knows nothing of what was written since.
    Object.assign(session.options, options)
  })
  useEffect(() => {
    const release = hold(session)
    session.start()
    return release
  }, [session])
  // React 18 knows no other way to provide.
  return createElement(SessionContext.Provider, { value: session }, children)
}

function useSession(): MarketplaceSession {
  const session = useContext(SessionContext)
  if (!session) throw new Error('Use this inside <MarketplaceSessionProvider>.')
  return session
}

/**
 * The session's state and what can be done with it. Renders again when the state changes, not every
 * second.
 *
 * @example
 * const { phase, canServe, pause } = useMarketplaceSession()
 */
export function useMarketplaceSession(): UseMarketplaceSession {
  const session = useSession()
  return { ...session, ...useSyncExternalStore(session.subscribe, session.getSnapshot, () => idleSnapshot) }
}

/**
 * The whole seconds left; renders every second.
 *
 * @example
 * const secondsLeft = useSecondsLeft()
 * return secondsLeft === null ? null : <time>{formatSeconds(secondsLeft)}</time>
 */
export function useSecondsLeft(): number | null {
  const { secondsLeft } = useSession()
  return useSyncExternalStore(secondsLeft.subscribe, secondsLeft.getSnapshot, () => null)
}

/**
 * Renders its children only while the app may be used.
 *
 * @example
 * <SessionGate fallback={<Paused />}><Editor /></SessionGate>
 */
export const SessionGate: FunctionComponent<{ children?: ReactNode; fallback?: ReactNode }> = ({
  children,
  fallback,
}) => (useMarketplaceSession().canServe ? children : fallback)
