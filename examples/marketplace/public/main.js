/**
 * The page's frame: header, routes, and what is true on every page.
 *
 * @module
 */
import { onBalanceChange, refreshBalance } from './balance.js'
import { fill, h } from './element.js'
import { formatNumber, formatTokens } from './format.js'
import {
  currentUser,
  isSigningOut,
  MarketplaceProblem,
  onReachable,
  onSignInChange,
  SignedOut,
  signOut,
} from './marketplace.js'
import { problemBox, signInLink, takeTold } from './notice.js'
import { showAccount } from './views/account.js'
import { showApp } from './views/app.js'
import { showBalanceChange } from './views/balance-change.js'
import { showCatalogue } from './views/catalogue.js'
import { showHistory } from './views/history.js'
import { showLimits } from './views/limits.js'
import { showPurchase } from './views/purchase.js'
import { showSession } from './views/session.js'
import { showSessions } from './views/sessions.js'
import {
  showForgotPassword,
  showRegister,
  showResetPassword,
  showSignIn,
  showVerifyEmail,
} from './views/sign-in.js'
import { showSignIns } from './views/sign-ins.js'
import { showTokens } from './views/tokens.js'

/**
 * @typedef {object} Context
 * @property {string} id
 * @property {URLSearchParams} query
 * @property {number} rows how many its list had when it was left, for who comes back to it; else 0
 * @property {AbortSignal} signal
 * @property {() => void} reload
 */
/** @typedef {{ title: string, content: any, focus?: HTMLElement }} View */

/** @type {{ path: RegExp, show: (context: Context) => View | Promise<View>, isOpen?: boolean }[]} */
const routes = [
  { path: /^\/$/, show: showCatalogue, isOpen: true },
  { path: /^\/apps\/(prv_[\w-]+)$/, show: showApp, isOpen: true },
  { path: /^\/sign-in$/, show: showSignIn, isOpen: true },
  { path: /^\/register$/, show: showRegister, isOpen: true },
  { path: /^\/forgot-password$/, show: showForgotPassword, isOpen: true },
  { path: /^\/reset-password$/, show: showResetPassword, isOpen: true },
  { path: /^\/verify-email$/, show: showVerifyEmail, isOpen: true },
  { path: /^\/tokens$/, show: showTokens },
  { path: /^\/purchases\/(pur_[\w-]+)$/, show: showPurchase },
  { path: /^\/sessions$/, show: showSessions },
  { path: /^\/sessions\/(ses_[\w-]+)$/, show: showSession },
  { path: /^\/history$/, show: showHistory },
  { path: /^\/history\/(trf_[\w-]+)$/, show: showBalanceChange },
  { path: /^\/account$/, show: showAccount },
  { path: /^\/account\/limits$/, show: showLimits },
  { path: /^\/account\/sign-ins$/, show: showSignIns },
]
const links = [
  { href: '#/', label: 'Apps', holds: /^\/($|apps\/)/ },
  { href: '#/sessions', label: 'Sessions', holds: /^\/sessions/ },
  { href: '#/tokens', label: 'Tokens', holds: /^\/(tokens|purchases)/ },
  { href: '#/history', label: 'History', holds: /^\/history/ },
  { href: '#/account', label: 'Account', holds: /^\/account/, isOwn: true },
]

const main = /** @type {HTMLElement} */ (document.getElementById('main'))
const nav = /** @type {HTMLElement} */ (document.getElementById('nav'))
const account = /** @type {HTMLElement} */ (document.getElementById('account'))
const offline = /** @type {HTMLElement} */ (document.getElementById('offline'))

let leaving = new AbortController()
let isFirst = true
let shownUser = currentUser()?.id
let isReachable = true
/** A sign-in is over that nobody ended here, which the next page says. */
let hasEnded = false
/** Where one was on the pages of this tab's history, for the way back. @type {Map<string, { top: number, rows: number }>} */
const places = new Map()
/** @type {string | undefined} */
let shownKey
// Pages come after the browser would have scrolled.
history.scrollRestoration = 'manual'

arriveFromOutside()
drawHeader(null)
onBalanceChange(drawHeader)
onReachable((answers) => {
  isReachable = answers
  drawOffline()
})
onSignInChange(() => {
  drawHeader(null)
  // Signed in or out, here or in another tab: what is on the page belongs to somebody else now.
  if (shownUser === currentUser()?.id) return
  hasEnded = !currentUser() && !isSigningOut()
  void show()
})
addEventListener('hashchange', () => location.hash.startsWith('#/') && void show())
addEventListener('online', () => {
  // That nothing answered without a network says nothing of the marketplace.
  isReachable = true
  drawOffline()
  void refreshBalance().catch(() => {})
})
addEventListener('offline', drawOffline)
addEventListener('pageshow', (event) => event.persisted && void show())
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') void refreshBalance().catch(() => {})
})
document.querySelector('.skip')?.addEventListener('click', (event) => {
  event.preventDefault()
  main.focus()
})
void show()

/** From an app or from the checkout: their address parameters become a page of ours. */
function arriveFromOutside() {
  const query = new URLSearchParams(location.search)
  const session = query.get('session')
  const purchase = query.get('purchase')
  const reason = query.get('reason')
  if (session) {
    const more = reason ? `?reason=${encodeURIComponent(reason)}` : '?reason='
    history.replaceState(null, '', `/#/sessions/${encodeURIComponent(session)}${more}`)
  } else if (purchase) {
    const more = query.get('result') === 'cancelled' ? '?result=cancelled' : ''
    history.replaceState(null, '', `/#/purchases/${encodeURIComponent(purchase)}${more}`)
  }
}

async function show() {
  leaving.abort()
  leaving = new AbortController()
  const { key, place } = keepPlace()
  const { signal } = leaving
  const [path = '/', search] = (location.hash.slice(1) || '/').split('?')
  const route = routes.find((each) => each.path.test(path))
  shownUser = currentUser()?.id
  if (route && !route.isOpen && !shownUser) {
    location.replace(signInLink())
    return
  }
  drawNav(path)
  void refreshBalance().catch(() => {})
  const id = route?.path.exec(path)?.[1] ?? ''
  const query = new URLSearchParams(search)
  const context = { id, query, rows: place?.rows ?? 0, signal, reload: () => void show() }
  main.setAttribute('aria-busy', 'true')
  let view
  try {
    view = route ? await route.show(context) : missing()
  } catch (error) {
    if (signal.aborted) return
    if (error instanceof SignedOut && !route?.isOpen) {
      location.replace(signInLink())
      return
    }
    view = isMissing(error)
      ? missing()
      : {
          title: 'That did not work',
          content: problemBox(error, { retry: context.reload, headingLevel: 'h1' }),
        }
  }
  if (signal.aborted) return
  main.removeAttribute('aria-busy')
  document.title = `${view.title} · Tally`
  fill(main, hasEnded && endedNotice(path), takeTold(), view.content)
  hasEnded = false
  shownKey = key
  // A new page begins at its heading; the first one leaves the focus where the browser puts it.
  if (!isFirst) {
    const target = view.focus ?? main.querySelector('h1') ?? main
    target.focus({ preventScroll: true })
    scrollTo(0, place?.top ?? 0)
  }
  isFirst = false
}

/** Notes where one was on the page that is left; gives the name of the one that comes, and where one was there. */
function keepPlace() {
  const rows = main.querySelector('[data-paged]')?.children.length ?? 0
  if (shownKey) places.set(shownKey, { top: scrollY, rows })
  const key = history.state?.key ?? crypto.randomUUID()
  history.replaceState({ ...history.state, key }, '')
  // The same page again is begun anew.
  return { key, place: key === shownKey ? undefined : places.get(key) }
}

/** @param {string} path */
function endedNotice(path) {
  return h(
    'div',
    { class: 'notice', role: 'alert' },
    h('p', {}, 'Your sign-in has ended. Sign in to go on.'),
    path !== '/sign-in' &&
      h('div', { class: 'actions' }, h('a', { class: 'button', href: signInLink() }, 'Sign in')),
  )
}

/** Also a link with a mistake in it: an id that nothing can have is one that nothing has. */
const isMissing = (error) => error instanceof MarketplaceProblem && error.status === 404

/** @returns {View} */
function missing() {
  return {
    title: 'Nothing here',
    content: [
      h('h1', { tabindex: '-1' }, 'There is nothing here'),
      h('p', {}, 'The link may be old. ', h('a', { href: '#/' }, 'See the apps'), '.'),
    ],
  }
}

/** @param {string} path */
function drawNav(path) {
  fill(
    nav,
    links
      .filter(({ isOwn }) => !isOwn || currentUser())
      .map(({ href, label, holds }) =>
        h('a', { href, 'aria-current': holds.test(path) ? 'page' : null }, label),
      ),
  )
}

/** @param {{ available: number, held: number } | null} balance */
function drawHeader(balance) {
  if (!currentUser()) {
    fill(
      account,
      h('a', { href: '#/sign-in' }, 'Sign in'),
      h('a', { class: 'button is-small', href: '#/register' }, 'Register'),
    )
    return
  }
  const held = balance && balance.held > 0 ? `${formatNumber(balance.held)} reserved` : ''
  fill(
    account,
    balance &&
      h(
        'a',
        { class: 'balance', href: '#/tokens', id: 'balance' },
        h('span', { class: 'visually-hidden' }, 'Balance: '),
        h('b', {}, formatTokens(balance.available)),
        held && h('small', {}, held),
      ),
    h(
      'button',
      {
        type: 'button',
        class: 'link',
        onclick: () => {
          signOut()
          location.hash = '#/'
        },
      },
      'Sign out',
    ),
  )
}

function drawOffline() {
  const text = !navigator.onLine
    ? 'You are offline. Running sessions are safe: time the app does not reach us with is not charged.'
    : isReachable
      ? ''
      : 'The marketplace does not answer at the moment. Running sessions are safe; we try again with your next step.'
  if (offline.textContent !== text) offline.textContent = text
  offline.hidden = text === ''
}
