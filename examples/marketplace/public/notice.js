/**
 * What is said aloud and what is shown when something fails.
 *
 * @module
 */
import { h } from './element.js'
import { SignedOut } from './marketplace.js'
import { describeProblem } from './problem-words.js'

/** Tells screen readers, politely. @param {string} text */
export function say(text) {
  const place = /** @type {HTMLElement} */ (document.getElementById('said'))
  place.textContent = ''
  // Emptied first: the same sentence twice would else be silent the second time.
  requestAnimationFrame(() => {
    place.textContent = text
  })
}

let untold = ''

/** Tells it on the page that comes next, and aloud there. @param {string} text */
export function tellNext(text) {
  untold = text
}

/** What is to be told on the page that is shown now. */
export function takeTold() {
  const text = untold
  untold = ''
  return text ? h('div', { class: 'notice', role: 'alert' }, h('p', {}, text)) : null
}

/** To sign in and come back here, with all that the address says. */
export const signInLink = () => `#/sign-in?next=${encodeURIComponent(location.hash.slice(1))}`

/**
 * A box that says what failed and what to do, spoken at once.
 *
 * @param {unknown} error
 * @param {{ retry?: () => void, actions?: any[], headingLevel?: 'h1' | 'h2' | 'p' }} [options]
 */
export function problemBox(error, { retry, actions = [], headingLevel = 'p' } = {}) {
  const { title, text } = describeProblem(error)
  return h(
    'div',
    { class: 'notice is-problem', role: 'alert' },
    h(headingLevel, { class: 'notice-title', tabindex: headingLevel === 'h1' ? '-1' : null }, title),
    h('p', {}, text),
    h(
      'div',
      { class: 'actions' },
      retry && h('button', { type: 'button', class: 'button', onclick: retry }, 'Try again'),
      error instanceof SignedOut && h('a', { class: 'button', href: signInLink() }, 'Sign in'),
      actions,
    ),
  )
}

/**
 * Runs what a button does: once at a time, and with its failure shown in `place`.
 *
 * @param {HTMLButtonElement} button
 * @param {Element} place
 * @param {() => Promise<unknown>} run
 * @param {(error: unknown) => any[]} [actionsFor]
 */
export async function whileBusy(button, place, run, actionsFor = () => []) {
  if (button.getAttribute('aria-disabled') === 'true') return
  // Not `disabled`, which would take the keyboard's focus away.
  button.setAttribute('aria-disabled', 'true')
  button.classList.add('is-busy')
  place.replaceChildren()
  try {
    await run()
  } catch (error) {
    place.replaceChildren(problemBox(error, { actions: actionsFor(error) }))
  } finally {
    button.removeAttribute('aria-disabled')
    button.classList.remove('is-busy')
  }
}
