/**
 * Sessions that run, each with its clock and what can be done with it.
 *
 * @module
 */
import { changeSession, endSession, extendSession, findProvider, getSession } from './api.js'
import { refreshBalance } from './balance.js'
import { fill, h, setText } from './element.js'
import { formatClock, formatTokens } from './format.js'
import { leaveFor } from './leave.js'
import { call } from './marketplace.js'
import { chooseMinutes } from './minutes.js'
import { say, whileBusy } from './notice.js'
import { priceInWords } from './price.js'
import { describeState, timeOf } from './session-time.js'

const TICK_MS = 500
const ASK_MS = 10_000
const EXTEND_MAX = 480

/**
 * A list of cards that keep themselves true until `signal` says the page is left.
 *
 * @param {any[]} sessions
 * @param {{ signal: AbortSignal }} options
 */
export function runningSessions(sessions, { signal }) {
  return h(
    'ul',
    { class: 'running' },
    sessions.map((session) => sessionCard(session, { signal }).element),
  )
}

/**
 * @param {any} first
 * @param {{ signal: AbortSignal, onend?: () => void, tag?: string }} options without `onend` the card says the end itself
 */
export function sessionCard(first, { signal, onend, tag = 'li' }) {
  let session = first
  let name = 'App'
  const heading = h(tag === 'li' ? 'h3' : 'h2', {}, name)
  const state = h('span', { class: 'state' })
  const clock = h('span', { class: 'clock' })
  const bar = h('span', { class: 'bar-fill' })
  const facts = h('p', { class: 'quiet' })
  const hint = h('p', { class: 'hint' })
  const place = h('div')
  const button = (label, run, kind = 'is-quiet') => {
    const element = h(
      'button',
      { type: 'button', class: `button ${kind}`, onclick: () => whileBusy(element, place, run) },
      label,
    )
    return element
  }
  // Opened for the first time or again, it is the same call and costs nothing more.
  const back = button(first.status === 'pending' ? 'Open' : 'Back in', goBackIn, '')
  const pause = button('Pause', () => change('pause'))
  const resume = button('Resume', () => change('resume'))
  const extend = button('Extend', async () => openExtend())
  const end = button('End', async () => openEnd())

  async function goBackIn() {
    const answer = await call('relaunchSession', { path: { id: session.id } })
    await leaveFor(answer.launchUrl)
  }

  async function change(action) {
    take(await changeSession(session.id, action))
    say(action === 'pause' ? 'Paused. The clock stands still.' : 'Resumed.')
    ;(action === 'pause' ? resume : pause).focus()
  }

  function openExtend() {
    // Also where the page opens it by itself: the keyboard comes back to where it had the focus before.
    extend.focus()
    element.append(
      extendDialog(session, (next) => {
        take(next)
        say(`Extended. ${formatClock(timeOf(next).leftSeconds)} left.`)
        void refreshBalance().catch(() => {})
      }),
    )
  }

  function openEnd() {
    element.append(
      endDialog(session, name, (next) => {
        session = next
        finish(onend ?? goToReceipt)
      }),
    )
  }

  function take(next) {
    session = next
    if (session.status === 'ended') finish(onend ?? drawEnd)
    else draw()
  }

  function finish(show) {
    stop()
    void refreshBalance().catch(() => {})
    show()
  }

  /** Whoever ends a session wants to know what it cost. */
  function goToReceipt() {
    location.hash = `#/sessions/${session.id}`
  }

  /** In its place: what somebody does elsewhere on the page goes on. */
  function drawEnd() {
    const receipt = h('a', { href: `#/sessions/${session.id}` }, 'See the receipt')
    const hadFocus = element.contains(document.activeElement)
    fill(element, heading, h('p', {}, 'Ended. ', receipt))
    if (hadFocus) receipt.focus()
    say(`${name} has ended.`)
  }

  function draw() {
    const { leftSeconds, isRunning } = timeOf(session)
    const { state: kind, label, hint: text } = describeState(session)
    state.dataset.state = kind
    setText(state, label)
    setText(clock, formatClock(leftSeconds))
    bar.style.inlineSize = `${Math.max(0, Math.min(100, (leftSeconds / session.durationSeconds) * 100))}%`
    bar.classList.toggle('is-still', !isRunning)
    setText(
      facts,
      `${formatTokens(session.tokensPerMinute)} a minute, ${formatTokens(session.tokensHeld)} reserved`,
    )
    setText(hint, text)
    pause.hidden = session.status !== 'active'
    resume.hidden = session.status !== 'paused'
  }

  async function ask() {
    if (document.visibilityState === 'hidden' || isOver()) return
    const before = session
    try {
      const next = await getSession(session.id)
      // What was done in the meantime was answered since, and is newer than this.
      if (!isOver() && session === before) take(next)
    } catch {
      // The frame says that the marketplace does not answer; the clock goes on from what is known.
    }
  }

  const ticking = setInterval(draw, TICK_MS)
  const asking = setInterval(ask, ASK_MS)
  document.addEventListener('visibilitychange', ask, { signal })
  const isOver = () => signal.aborted || session.status === 'ended'
  function stop() {
    clearInterval(ticking)
    clearInterval(asking)
  }
  signal.addEventListener('abort', stop)
  findProvider(session.providerId)
    .then((provider) => {
      name = provider?.name ?? 'An app that is no longer listed'
      heading.textContent = name
      for (const each of [back, pause, resume, extend, end])
        each.setAttribute('aria-label', `${each.textContent}: ${name}`)
    })
    .catch(() => {})

  const element = h(
    tag,
    { class: 'session', 'data-session': session.id },
    h('div', { class: 'session-head' }, heading, state),
    h(
      'p',
      { class: 'session-clock' },
      clock,
      h('span', { class: 'quiet' }, first.status === 'pending' ? ' to use' : ' left'),
      h('span', { class: 'bar', 'aria-hidden': 'true' }, bar),
    ),
    facts,
    hint,
    place,
    h('div', { class: 'actions' }, back, pause, resume, extend, end),
  )
  draw()
  return { element, openExtend }
}

/** @param {any} session @param {(session: any) => void} done */
function extendDialog(session, done) {
  const place = h('div')
  const price = h('output', { class: 'price', for: 'minutes' })
  const submit = h('button', { type: 'submit', class: 'button' }, 'Extend')
  const draw = (minutes) =>
    fill(price, minutes !== undefined && priceInWords(session.tokensPerMinute, minutes))
  const chooser = chooseMinutes({
    minutes: 15,
    max: EXTEND_MAX,
    legend: 'How much longer at most?',
    onchange: draw,
  })
  draw(15)
  return dialog('Extend this session', (close) => [
    chooser.element,
    price,
    place,
    h('div', { class: 'actions' }, submit, cancel('Not now', close)),
    (event) => {
      event.preventDefault()
      const minutes = chooser.read()
      if (minutes === undefined) return
      void whileBusy(
        submit,
        place,
        async () => {
          done(await extendSession(session.id, minutes))
          close()
        },
        (/** @type {any} */ error) =>
          error.code === 'insufficient_tokens'
            ? [
                h(
                  'a',
                  {
                    class: 'button',
                    href: `#/tokens?need=${error.required - error.available}&then=${encodeURIComponent(`/sessions/${session.id}?reason=extend`)}`,
                  },
                  'Buy tokens',
                ),
              ]
            : [],
      )
    },
  ])
}

/** @param {any} session @param {string} name @param {(session: any) => void} done */
function endDialog(session, name, done) {
  const place = h('div')
  const submit = h('button', { type: 'submit', class: 'button' }, 'End and settle')
  return dialog(`End ${name}?`, (close) => [
    h(
      'p',
      {},
      'You are charged for what you used up to now, and the rest comes back at once. The app closes.',
    ),
    place,
    h('div', { class: 'actions' }, submit, cancel('Keep it running', close)),
    (event) => {
      event.preventDefault()
      void whileBusy(submit, place, async () => {
        const next = await endSession(session.id)
        close()
        done(next)
      })
    },
  ])
}

function cancel(label, close) {
  return h('button', { type: 'button', class: 'button is-quiet', onclick: close }, label)
}

/** A modal one that is gone when closed; the last of its parts is what submitting does. */
function dialog(title, build) {
  const close = () => element.close()
  const parts = build(close)
  const submit = parts.pop()
  const element = h(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'dialog-title', onclose: () => element.remove() },
    h(
      'form',
      { class: 'form', novalidate: true, onsubmit: submit },
      h('h2', { id: 'dialog-title' }, title),
      parts,
    ),
  )
  queueMicrotask(() => element.isConnected && element.showModal())
  return element
}
