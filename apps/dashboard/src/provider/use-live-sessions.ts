import { useEffect, useState } from 'react'
import { watchEvents } from '../api/watch-events.ts'
import type { ProviderSession } from '../api/wire.ts'

export interface Live {
  /** Undefined until the first answer. */
  sessions: ProviderSession[] | undefined
  /** How long ago they were so. */
  elapsedMs: number
  isConnected: boolean
  error: unknown
}

/** What runs with a provider, as it changes. */
export function useLiveSessions(providerId: string): Live & { retry: () => void } {
  const [shown, setShown] = useState<{ sessions: ProviderSession[]; at: number } | undefined>()
  const [isConnected, setConnected] = useState(true)
  const [error, setError] = useState<unknown>()
  const [round, setRound] = useState(0)
  const [now, setNow] = useState(() => performance.now())

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round connects again.
  useEffect(() => {
    setError(undefined)
    return watchEvents<{ items: ProviderSession[] }>(`/providers/${providerId}/sessions/live`, {
      onEvent({ items }) {
        setNow(performance.now())
        setShown({ sessions: items, at: performance.now() })
      },
      onConnected: setConnected,
      onRefused: setError,
    })
  }, [providerId, round])

  const isRunning = shown?.sessions.some(({ status }) => status === 'active') ?? false
  useEffect(() => {
    if (!isRunning) return
    const timer = setInterval(() => setNow(performance.now()), 1_000)
    return () => clearInterval(timer)
  }, [isRunning])

  return {
    sessions: shown?.sessions,
    elapsedMs: shown ? Math.max(0, now - shown.at) : 0,
    isConnected,
    error,
    retry: () => setRound((before) => before + 1),
  }
}
