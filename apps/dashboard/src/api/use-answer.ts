import { useCallback, useEffect, useRef, useState } from 'react'
import { entryKey } from '../router.tsx'
import { call } from './call.ts'

/** What a page is waiting for, got, or did not get. */
export interface Answer<T> {
  value: T | undefined
  error: unknown
  isLoading: boolean
  /** Asks again; what is shown stays until there is something newer. */
  reload(): void
}

/**
 * Reads for each `key`, and again when asked to; without one it reads nothing. An answer that is overtaken by a newer
 * question is dropped.
 */
export function useRead<T>(
  key: string | undefined,
  read: (key: string, signal: AbortSignal) => Promise<T>,
): Answer<T> {
  const [state, setState] = useState<{ key: string | undefined; value?: T; error?: unknown }>({
    key: undefined,
  })
  const [round, setRound] = useState(0)
  const latest = useRef(read)
  latest.current = read
  const reload = useCallback(() => setRound((before) => before + 1), [])

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round asks the same again.
  useEffect(() => {
    if (key === undefined) return
    const stopped = new AbortController()
    latest.current(key, stopped.signal).then(
      (value) => !stopped.signal.aborted && setState({ key, value }),
      (error) => !stopped.signal.aborted && setState({ key, error }),
    )
    return () => stopped.abort()
  }, [key, round])

  const isCurrent = state.key === key
  return {
    value: isCurrent ? state.value : undefined,
    error: isCurrent ? state.error : undefined,
    isLoading: key !== undefined && !isCurrent,
    reload,
  }
}

/** Reads from the API as the signed-in person; `undefined` for a path reads nothing. */
export const useAnswer = <T>(path: string | undefined): Answer<T> =>
  useRead<T>(path, (at, signal) => call<T>('GET', at, undefined, { signal }))

export interface Pages<T> extends Answer<T[]> {
  hasMore: boolean
  /** The last page has come, after others. */
  isAtEnd: boolean
  isLoadingMore: boolean
  loadMore(): void
}

interface Page<T> {
  items: T[]
  nextCursor: string | null
}

/** How many rows each list had when it was left, by the visit to its page. */
const rowsLeft = new Map<string, number>()

/** A list of the API, one page after another; for who comes back to it, as many as were there. */
export function usePages<T>(path: string | undefined): Pages<T> {
  const first = useAnswer<Page<T>>(path)
  const [more, setMore] = useState<{ after: Page<T>; items: T[]; nextCursor: string | null } | undefined>()
  const [isLoadingMore, setLoadingMore] = useState(false)
  const [moreError, setMoreError] = useState<unknown>()
  const later = more && more.after === first.value ? more : undefined
  const cursor = later ? later.nextCursor : (first.value?.nextCursor ?? null)
  const items = first.value && [...first.value.items, ...(later?.items ?? [])]
  const [visit] = useState(entryKey)
  const [wanted, setWanted] = useState(() => rowsLeft.get(`${visit} ${path}`) ?? 0)
  const isShort = items !== undefined && items.length < wanted && cursor !== null && moreError === undefined

  async function loadMore() {
    const after = first.value
    if (!after || cursor === null || path === undefined) return
    setLoadingMore(true)
    setMoreError(undefined)
    try {
      const separator = path.includes('?') ? '&' : '?'
      const page = await call<Page<T>>('GET', `${path}${separator}cursor=${encodeURIComponent(cursor)}`)
      setMore({ after, items: [...(later?.items ?? []), ...page.items], nextCursor: page.nextCursor })
    } catch (error) {
      setMoreError(error)
    }
    setLoadingMore(false)
  }

  const latest = useRef(loadMore)
  latest.current = loadMore
  const rows = items?.length
  useEffect(() => {
    if (rows === undefined) return
    if (isShort) void latest.current()
    else {
      // From here on it is as long as its reader makes it.
      setWanted(0)
      rowsLeft.set(`${visit} ${path}`, rows)
    }
  }, [isShort, rows, visit, path])

  return {
    value: items,
    error: first.error ?? moreError,
    isLoading: first.isLoading,
    reload: first.reload,
    hasMore: cursor !== null,
    isAtEnd: later !== undefined && cursor === null,
    isLoadingMore,
    loadMore,
  }
}
