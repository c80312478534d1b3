/**
 * What the user sees: the warning, the pause, a lost connection, the end, and what is wrong.
 *
 * One modal `<dialog>` in a shadow root. Built node by node with a constructed style sheet, so that
 * it works under a strict CSP and Trusted Types without a nonce.
 *
 * @module
 */

import { formatSeconds } from '../format-seconds.ts'
import type { MarketplaceSession, SessionOptions, Snapshot } from '../session.ts'
import { english, type TextKey } from '../texts.ts'
import { css } from './style.ts'

type State = 'warning' | 'paused' | 'blocked' | 'ended' | 'failed'

/** The moments at which a screen reader is told; every second would be noise. */
const SPOKEN_SECONDS = [300, 120, 60, 30, 10]

function stateOf(snapshot: Snapshot, isOptional: boolean | undefined): State | undefined {
  const { phase, error, canServe } = snapshot
  if (phase === 'failed') return isOptional && error!.code === 'launch_missing' ? undefined : 'failed'
  if (phase === 'ended' || phase === 'paused') return phase
  if (error?.isTemporary && !canServe) return 'blocked'
  return snapshot.isEnding && !snapshot.isWarningDismissed && canServe ? 'warning' : undefined
}

/** Attaches the dialog to the page. Gives a function that takes it away. */
export async function openDialog(session: MarketplaceSession): Promise<() => void> {
  // The page's own element may still be on its way.
  if (document.readyState === 'loading')
    await new Promise((resolve) => document.addEventListener('DOMContentLoaded', resolve))
  const { options } = session
  const { isOptional, theme } = options
  // Those of the script tag come in a file of their own. What cannot be loaded is said in English.
  const texts = await Promise.resolve(options.texts).catch(() => {})
  const { host, root, isOfPage } = takeHost()
  style(root, css)
  void dress(root, options)
  if (theme) host.style.colorScheme = theme

  const add = <Tag extends keyof HTMLElementTagNameMap>(parent: Node, tag: Tag, attributes = {}) => {
    const element = document.createElement(tag)
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value as string)
    parent.appendChild(element)
    return element
  }
  const dialog = add(root, 'dialog', {
    'aria-labelledby': 'title',
    'aria-describedby': 'text',
    part: 'dialog',
  })
  add(dialog, 'slot', { name: 'header' })
  // The focus begins on the title: whoever types on while the dialog appears must not press a button of it.
  const title = add(dialog, 'h2', { id: 'title', part: 'title', tabindex: -1, autofocus: '' })
  const text = add(dialog, 'p', { id: 'text', part: 'text' })
  add(dialog, 'slot', { name: 'details' })
  const buttons = add(dialog, 'div', { part: 'buttons' })
  add(dialog, 'slot', { name: 'footer' })
  const spoken = add(dialog, 'span', { role: 'status' })

  let state: State | undefined
  let lastSpoken = Infinity

  const time = () => formatSeconds(session.secondsLeft.getSnapshot() ?? 0)
  const say = (key: TextKey) => (texts?.[key] ?? english[key]).replace('{time}', time())

  const actions: Partial<Record<TextKey, () => unknown>> = {
    continue: session.dismissWarning,
    extend: session.extend,
    end: session.complete,
    resume: session.resume,
    retry: session.refresh,
    back: session.leave,
  }
  const choices: Record<State, TextKey[]> = {
    warning: ['extend', 'continue', 'end'],
    paused: ['resume', 'end'],
    blocked: ['retry'],
    ended: ['back'],
    failed: ['back'],
  }

  function draw(): void {
    const snapshot = session.getSnapshot()
    const next = stateOf(snapshot, isOptional)
    const { error } = snapshot
    if (next !== state) {
      state = next
      lastSpoken = Infinity
      // Else the focus would go with its button.
      title.focus()
      buttons.replaceChildren()
      const hasWayBack = snapshot.session || options.marketplaceUrl
      for (const key of choices[state!] ?? []) {
        if (key === 'back' && !hasWayBack) continue
        const button = add(buttons, 'button', { type: 'button', part: `button ${key}` })
        button.textContent = say(key)
        button.onclick = async () => {
          if (button.ariaBusy) return
          // Not disabled: the focus would go, and whoever listens would not know where they are.
          button.ariaBusy = 'true'
          try {
            await actions[key]!()
          } catch {
            // The snapshot tells what went wrong, and it is drawn: seen, and said.
            spoken.textContent = text.textContent
          }
          button.ariaBusy = null
        }
      }
    }
    if (!state) {
      dialog.close()
      return
    }
    title.textContent = say(`${state}Title`)
    // A session that failed has an error. What a lost connection means is said in words of its own.
    text.textContent =
      error && state !== 'blocked'
        ? (texts?.[error.code] ?? error.userMessage)
        : say(`${state as Exclude<State, 'failed'>}Text`)
    speak()
    if (!host.isConnected) {
      // Taken out of the page while open, it would come back as one that closes nothing.
      dialog.close()
      document.documentElement.appendChild(host)
    }
    // Esc can close it against our will: it is opened again until its reason is gone.
    dialog.open || dialog.showModal()
  }

  function speak(): void {
    const seconds = session.secondsLeft.getSnapshot() ?? 0
    const step = SPOKEN_SECONDS.find((each) => each < lastSpoken && seconds <= each && seconds > each - 5)
    if (state !== 'warning' || !step) return
    lastSpoken = step
    spoken.textContent = say('remaining')
  }

  dialog.oncancel = (event) => {
    event.preventDefault()
    if (state === 'warning') session.dismissWarning()
  }
  dialog.onclose = draw
  const stops = [session.subscribe(draw), session.secondsLeft.subscribe(draw)]
  draw()
  return () => {
    for (const stop of stops) stop()
    root.adoptedStyleSheets = []
    if (isOfPage) root.replaceChildren()
    else host.remove()
  }
}

/** The page's own element, whose children fill the slots, or else a new one. One dialog each. */
function takeHost() {
  const found = [...document.querySelectorAll<HTMLElement>('token-marketplace')].find(
    ({ shadowRoot }) => !shadowRoot?.firstChild,
  )
  const host = found ?? document.createElement('token-marketplace')
  // Hidden by its author, so that nothing shows before the dialog is there.
  host.hidden = false
  return { host, root: host.shadowRoot ?? host.attachShadow({ mode: 'open' }), isOfPage: !!found }
}

/** The looks that the provider chose in the dashboard. `:host` gives way to the page's own rules. */
async function dress(root: ShadowRoot, { apiUrl, providerId, ports }: SessionOptions): Promise<void> {
  // Another world than the browser's has its own ways to reach anybody.
  if (ports) return
  try {
    const answer = await fetch(`${apiUrl.replace(/\/+$/, '')}/api/v1/providers/${providerId}/theme`, {
      credentials: 'omit',
    })
    const { properties } = await answer.json()
    const rules = Object.entries(properties).map((pair) => pair.join(':'))
    if (rules.length > 0) style(root, `:host{${rules.join(';')}}`)
  } catch {
    // Plain is fine.
  }
}

function style(root: ShadowRoot, text: string): void {
  try {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(text)
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet]
  } catch {
    root.appendChild(document.createElement('style')).textContent = text
  }
}
