/**
 * Addresses of pages: the browser's own history, links that are links, and the focus that follows.
 *
 * @module
 */
import { type AnchorHTMLAttributes, type MouseEvent, useEffect, useRef, useSyncExternalStore } from 'react'

const BASE = '/dashboard'
const listeners = new Set<() => void>()
let hasNavigated = false
/** How far down each page was when it was left, by its entry in the history. */
const tops = new Map<string, number>()
let shownEntry = entryKey()
let stopRestoring = () => {}
// Pages come after the browser would have scrolled.
history.scrollRestoration = 'manual'

const tell = () => {
  for (const listener of listeners) listener()
}
addEventListener('popstate', () => {
  hasNavigated = true
  leave()
  tell()
  restore(tops.get(shownEntry) ?? 0)
})

/** Names this tab's visit to the page that is shown: coming back to it gives the same name. */
export function entryKey(): string {
  return (history.state as { key?: string } | null)?.key ?? 'first'
}

function leave() {
  stopRestoring()
  tops.set(shownEntry, scrollY)
  shownEntry = entryKey()
}

/** Once the page is long enough again, unless somebody has moved by then. */
function restore(top: number) {
  const moves = ['wheel', 'touchstart', 'pointerdown', 'keydown'] as const
  const grown = new ResizeObserver(() => {
    if (document.documentElement.scrollHeight - innerHeight < top) return
    scrollTo(0, top)
    stopRestoring()
  })
  stopRestoring = () => {
    grown.disconnect()
    for (const move of moves) removeEventListener(move, stopRestoring)
  }
  for (const move of moves) addEventListener(move, stopRestoring, { passive: true })
  grown.observe(document.body)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

const readAddress = () => location.pathname + location.search

/** The address after `/dashboard`, without its trailing slash. */
export function useAddress(): { path: string; query: URLSearchParams } {
  const address = useSyncExternalStore(subscribe, readAddress)
  const url = new URL(address, location.origin)
  const path = url.pathname.slice(BASE.length).replace(/\/+$/, '') || '/'
  return { path, query: url.searchParams }
}

export function navigate(to: string, { replace = false } = {}): void {
  const before = location.pathname
  const state = { key: replace ? entryKey() : crypto.randomUUID() }
  history[replace ? 'replaceState' : 'pushState'](state, '', BASE + (to === '/' ? '' : to))
  hasNavigated = true
  leave()
  if (location.pathname !== before) scrollTo(0, 0)
  tell()
}

/** For the end of what takes its time: goes on only for who has not gone elsewhere in the meantime. */
export function navigatorFromHere(): typeof navigate {
  const visit = entryKey()
  return (to, options) => {
    if (entryKey() === visit) navigate(to, options)
  }
}

/** Changes what the page shows without being another page: filters, open rows. */
export function changeQuery(changes: Record<string, string | null>): void {
  const query = new URLSearchParams(location.search)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) query.delete(name)
    else query.set(name, value)
  }
  const text = query.toString()
  history.replaceState(history.state, '', location.pathname + (text && `?${text}`))
  tell()
}

/** @example matchPath('/providers/:id/keys', '/providers/prv_1/keys') // { id: 'prv_1' } */
export function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/')
  const found = path.split('/')
  if (wanted.length !== found.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const value = found[index] ?? ''
    if (part.startsWith(':')) {
      try {
        params[part.slice(1)] = decodeURIComponent(value)
      } catch {
        return undefined
      }
    } else if (part !== value) return undefined
  }
  return params
}

type LinkProps = AnchorHTMLAttributes<HTMLAnchorElement> & { to: string }

export function Link({ to, onClick, ...rest }: LinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event)
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    if (!isPlain || event.defaultPrevented) return
    event.preventDefault()
    navigate(to)
  }
  return <a {...rest} href={BASE + (to === '/' ? '' : to)} onClick={follow} />
}

type PlaceLinkProps = AnchorHTMLAttributes<HTMLAnchorElement> & { id: string }

/** To a place on this page. Followed by the browser, it would be another entry of the history, and to us a page of its own. */
export function PlaceLink({ id, ...rest }: PlaceLinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    event.preventDefault()
    document.getElementById(id)?.focus()
  }
  return <a {...rest} href={`#${id}`} onClick={follow} />
}

/** The page's heading; it takes the focus when the page was navigated to, so that it is read and Tab goes on from it. */
export function PageTitle({ children }: { children: string }) {
  const heading = useRef<HTMLHeadingElement>(null)
  const { path } = useAddress()
  useEffect(() => {
    document.title = `${children} · Tally`
  }, [children])
  // biome-ignore lint/correctness/useExhaustiveDependencies: once per page, whatever its heading comes to say.
  useEffect(() => {
    if (hasNavigated) heading.current?.focus({ preventScroll: true })
  }, [path])
  return (
    <h1 tabIndex={-1} ref={heading}>
      {children}
    </h1>
  )
}
