import { useCallback, useEffect, useRef, useState } from 'react'
import type { Answer } from './use-answer.ts'

/** Reads once, and again when asked to: for what is no GET as the signed-in person. */
export function useRead<T>(read: (signal: AbortSignal) => Promise<T>): Answer<T> {
  const [state, setState] = useState<{ value?: T; error?: unknown }>({})
  const [round, setRound] = useState(0)
  const latest = useRef(read)
  latest.current = read
  const reload = useCallback(() => setRound((before) => before + 1), [])

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round asks the same again.
  useEffect(() => {
    const stopped = new AbortController()
    latest.current(stopped.signal).then(
      (value) => !stopped.signal.aborted && setState({ value }),
      (error) => !stopped.signal.aborted && setState({ error }),
    )
    return () => stopped.abort()
  }, [round])

  const { value, error } = state
  return { value, error, isLoading: value === undefined && error === undefined, reload }
}
