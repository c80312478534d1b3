/**
 * Connects a plain page to its session by attributes, so that no script is needed.
 *
 * @module
 */

import { formatSeconds } from './format-seconds.ts'
import { type MarketplaceSession, sessionEventTypes } from './session.ts'

/** Scripts that are deferred run within this of a tag that is added to a page. */
const HEARD_WITHIN_MS = 1_000

/** Fills elements, serves buttons and dispatches `tm:…` events on the document. */
export function bindPage(session: MarketplaceSession): void {
  const actions = {
    pause: session.pause,
    resume: session.resume,
    end: session.complete,
    extend: session.extend,
  }

  // What is known at once, as after a reload, is told when the page's own scripts can hear it and see the session.
  const isHeard = new Promise((resolve) => {
    // A tag that was added late may have missed the first; the second waits for the last picture.
    if (document.readyState === 'complete') resolve(0)
    else if (document.readyState === 'interactive') setTimeout(resolve, HEARD_WITHIN_MS)
    for (const type of ['DOMContentLoaded', 'load']) addEventListener(type, resolve)
  })

  const each = (selector: string, apply: (element: HTMLElement) => void) => {
    for (const element of document.querySelectorAll<HTMLElement>(selector)) apply(element)
  }

  function draw(): void {
    const { phase, canServe, isEnding, error } = session.getSnapshot()
    const seconds = session.secondsLeft.getSnapshot()
    const isLive = phase === 'active' || phase === 'paused'
    const isPossible = { pause: phase === 'active', resume: phase === 'paused', end: isLive, extend: isLive }
    const root = document.documentElement
    root.dataset.tmPhase = phase
    root.toggleAttribute('data-tm-serving', canServe)
    root.toggleAttribute('data-tm-ending', isEnding)
    each('[data-tm-remaining]', (element) => {
      const shown =
        seconds === null ? element.dataset.tmRemaining || element.textContent : formatSeconds(seconds)
      if (element.textContent !== shown) element.textContent = shown
    })
    const words = [phase, canServe && 'serving', isEnding && 'ending', error?.isTemporary && 'offline']
    each('[data-tm-when]', (element) => {
      element.hidden = !element.dataset.tmWhen!.split(' ').some((word) => words.includes(word as never))
    })
    for (const [name, possible] of Object.entries(isPossible))
      each(`[data-tm-${name}]`, (button) => {
        ;(button as HTMLButtonElement).disabled = !possible
      })
  }

  const busy = new Set<string>()
  document.addEventListener('click', ({ target }) => {
    for (const [name, action] of Object.entries(actions)) {
      const button = (target as Element).closest?.(`[data-tm-${name}]`)
      if (!button || busy.has(name)) continue
      busy.add(name)
      button.ariaBusy = 'true'
      const rest = () => {
        busy.delete(name)
        button.ariaBusy = null
      }
      // A refusal is in the snapshot and in `tm:error`.
      action().then(rest, rest)
    }
  })
  for (const type of sessionEventTypes)
    session.on(type, (detail) =>
      isHeard.then(() => document.dispatchEvent(new CustomEvent(`tm:${type}`, { detail }))),
    )
  session.subscribe(draw)
  session.secondsLeft.subscribe(draw)
  isHeard.then(draw)
  draw()
}
