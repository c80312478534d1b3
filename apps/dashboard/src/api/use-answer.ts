import { useCallback, useEffect, useRef, useState } from 'react'
import { entryKey } from '../router.tsx'
import { call } from './call.ts'

/** What a page is waiting for, got, or did not get. */
export interface Answer<T> {
  value: T | undefined
  /** Of the last question; what was answered before it stays. */
  error: unknown
  isLoading: boolean
  /** Asks again; what is shown stays until there is something newer. */
  reload(): void
}

/**
 * Reads for each `key`, and again when asked to; without one it reads nothing. An answer that is overtaken by a newer
 * question is dropped. A question that failed takes nothing away: who types below what was answered would lose it.
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
      (error) =>
        !stopped.signal.aborted && setState((before) => ({ ...(before.key === key && before), key, error })),
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

/**
 * Asks again some time after each answer, while somebody looks. Not before it came: the newer question would drop it,
 * and where answers take longer than that none would ever be shown.
 */
export function useRepeated({ value, error, reload }: Answer<unknown>, everyMs: number, isOn = true): void {
  // Each answer, and each failure, begins the time anew.
  useEffect(() => {
    if (!isOn || (value === undefined && error === undefined)) return
    let isAsked = false
    const timer = setInterval(() => {
      if (isAsked || document.visibilityState !== 'visible') return
      isAsked = true
      reload()
    }, everyMs)
    return () => clearInterval(timer)
  }, [value, error, reload, everyMs, isOn])
}

export interface Pages<T> extends Answer<T[]> {
  hasMore: boolean
  /** The last page has come, after others. */
  isAtEnd: boolean
  isLoadingMore: boolean
  /** Why the next page did not come. */
  moreError: unknown
  loadMore(): void
}

interface Page<T> {
  items: T[]
  nextCursor: string | null
}

/** What one question brought. */
interface Rows<T> extends Page<T> {
  pages: number
}

/** What was loaded after it. */
interface Later<T> extends Page<T> {
  after: Rows<T>
  isLoading: boolean
  error?: unknown
}

/** How many rows each list had when it was left, by the visit to its page. */
const rowsLeft = new Map<string, number>()

/**
 * A list of the API, one page after another. Asked again, or come back to, it has as many as there were: what is looked
 * at does not move away after something was done to it.
 */
export function usePages<T>(path: string | undefined): Pages<T> {
  const [visit] = useState(entryKey)
  const place = `${visit} ${path}`
  const first = useRead<Rows<T>>(path, (at, signal) => readRows(at, rowsLeft.get(place) ?? 0, signal))
  const [shown, setLater] = useState<Later<T> | undefined>()
  const later = shown && shown.after === first.value ? shown : undefined
  const cursor = (later ?? first.value)?.nextCursor ?? null
  const items = first.value && [...first.value.items, ...(later?.items ?? [])]

  async function loadMore() {
    const after = first.value
    if (!after || cursor === null || path === undefined || later?.isLoading) return
    const before = { items: later?.items ?? [], nextCursor: cursor, after }
    setLater({ ...before, isLoading: true })
    const next = await readPage<T>(path, cursor).then(
      ({ items: more, nextCursor }) => ({ items: [...before.items, ...more], nextCursor }),
      (error: unknown) => ({ error }),
    )
    // Only below the rows that it follows: in the meantime the list may have become another one.
    setLater((now) => (now?.after === after ? { ...before, ...next, isLoading: false } : now))
  }

  const rows = items?.length
  useEffect(() => {
    if (rows !== undefined) rowsLeft.set(place, rows)
  }, [rows, place])

  return {
    value: items,
    error: first.error,
    isLoading: first.isLoading,
    reload: first.reload,
    hasMore: cursor !== null,
    isAtEnd: cursor === null && (later !== undefined || (first.value?.pages ?? 0) > 1),
    isLoadingMore: later?.isLoading ?? false,
    moreError: later?.error,
    loadMore,
  }
}

/** A list of the API as a whole, for what would be missed if it stood on a later page. */
export const useAll = <T>(path: string): Answer<T[]> =>
  useRead<T[]>(path, async (at, signal) => {
    const all: T[] = []
    let cursor: string | null = null
    do {
      const page: Page<T> = await readPage<T>(at, cursor, signal)
      all.push(...page.items)
      cursor = page.nextCursor
    } while (cursor !== null)
    return all
  })

/** At least so many, where there are as many; fewer where a later page does not come. */
async function readRows<T>(path: string, rowsMin: number, signal: AbortSignal): Promise<Rows<T>> {
  let { items, nextCursor } = await readPage<T>(path, null, signal)
  let pages = 1
  while (nextCursor !== null && items.length < rowsMin) {
    const next: Page<T> | undefined = await readPage<T>(path, nextCursor, signal).catch(() => undefined)
    if (!next) break
    items = [...items, ...next.items]
    nextCursor = next.nextCursor
    pages += 1
  }
  return { items, nextCursor, pages }
}

function readPage<T>(path: string, cursor: string | null, signal?: AbortSignal): Promise<Page<T>> {
  const at =
    cursor === null ? path : `${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`
  return call<Page<T>>('GET', at, undefined, { signal })
}
