/**
 * One app: what it costs, for how long, and the way in.
 *
 * @module
 */
import { refreshBalance } from '../balance.js'
import { fill, h } from '../element.js'
import { formatMinutes, formatNumber, formatTokens } from '../format.js'
import { leaveFor } from '../leave.js'
import { call, callOnce, currentUser, MarketplaceProblem } from '../marketplace.js'
import { chooseMinutes } from '../minutes.js'
import { monogram } from '../monogram.js'
import { signInLink, whileBusy } from '../notice.js'
import { mostItCosts, priceInWords, rateInWords } from '../price.js'

const MINUTES_DEFAULT = 30
const MINUTES_MAX = 480

/** @param {{ id: string, query: URLSearchParams }} context */
export async function showApp({ id, query }) {
  const [app, balance] = await Promise.all([
    call('getProvider', { path: { id } }),
    refreshBalance().catch(() => null),
  ])
  let { tokensPerMinute } = app
  const wanted = Number(query.get('minutes'))
  const isPossible = Number.isInteger(wanted) && wanted >= 1 && wanted <= MINUTES_MAX
  const place = h('div')
  const price = h('output', { class: 'price', for: 'minutes', id: 'price' })
  const rate = h('p', { class: 'rate' }, rateInWords(tokensPerMinute))
  const shortage = h('div', { 'aria-live': 'polite' })
  const button = h('button', { type: 'submit', class: 'button is-large' })

  function draw(minutes) {
    if (minutes === undefined) {
      fill(price)
      fill(shortage)
      fill(button, tokensPerMinute === 0 ? 'Open now' : 'Reserve and open')
      button.classList.remove('is-quiet')
      return
    }
    const cost = mostItCosts(tokensPerMinute, minutes)
    fill(price, priceInWords(tokensPerMinute, minutes))
    fill(button, cost === 0 ? 'Open now' : `Reserve ${formatTokens(cost)} and open`)
    const isShort = balance !== null && cost > balance.available
    button.classList.toggle('is-quiet', isShort)
    fill(
      shortage,
      isShort && explainShortage({ id, balance, cost, minutes, tokensPerMinute, choose: chooser.set }),
    )
    if (!isShort && balance && cost > 0)
      fill(
        shortage,
        h(
          'p',
          { class: 'quiet' },
          `Afterwards you can still spend ${formatTokens(balance.available - cost)}.`,
        ),
      )
  }

  const chooser = chooseMinutes({
    minutes: isPossible ? wanted : MINUTES_DEFAULT,
    max: MINUTES_MAX,
    legend: 'For how long at most?',
    onchange(minutes) {
      draw(minutes)
      // So that they are still there after signing in again, buying tokens and coming back.
      if (minutes !== undefined) history.replaceState(history.state, '', `#/apps/${id}?minutes=${minutes}`)
    },
  })

  const form = h(
    'form',
    {
      class: 'form ticket',
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault()
        const durationMinutes = chooser.read()
        if (durationMinutes === undefined) return
        if (!currentUser()) {
          location.hash = signInLink()
          return
        }
        void whileBusy(
          button,
          place,
          async () => {
            const shown = { maxTokensPerMinute: tokensPerMinute }
            const answer = await callOnce('createSession', {
              body: { providerId: id, durationMinutes, ...shown },
            })
            await leaveFor(answer.launchUrl)
          },
          (error) => {
            if (!(error instanceof MarketplaceProblem)) return []
            if (error.code === 'price_changed' && error.tokensPerMinute !== undefined) {
              tokensPerMinute = error.tokensPerMinute
              fill(rate, rateInWords(tokensPerMinute))
              draw(durationMinutes)
            }
            const missing = (error.required ?? 0) - (error.available ?? 0)
            return error.code === 'insufficient_tokens'
              ? [buyLink({ id, minutes: durationMinutes, missing })]
              : []
          },
        ).then(() => refreshBalance().catch(() => {}))
      },
    },
    chooser.element,
    price,
    shortage,
    place,
    h('div', { class: 'actions' }, button),
    h(
      'p',
      { class: 'quiet' },
      'The clock starts when the app has opened. Pause or close it and the clock stands still. End it and what you did not use comes back at once.',
    ),
  )
  draw(chooser.read() ?? MINUTES_DEFAULT)

  return {
    title: app.name,
    content: [
      h('p', { class: 'crumb' }, h('a', { href: '#/' }, 'All apps')),
      h(
        'div',
        { class: 'app-head' },
        monogram(app.name),
        h('div', {}, h('h1', { tabindex: '-1' }, app.name), h('p', { class: 'tag' }, app.category)),
      ),
      h('p', { class: 'lead' }, app.description),
      rate,
      form,
    ],
  }
}

function explainShortage({ id, balance, cost, minutes, tokensPerMinute, choose }) {
  const missing = cost - balance.available
  const affordable = Math.floor(balance.available / tokensPerMinute)
  const held = balance.held > 0 ? `, and ${formatNumber(balance.held)} are reserved by running sessions` : ''
  return h(
    'div',
    { class: 'notice' },
    h('p', { class: 'notice-title' }, `${formatTokens(missing)} missing`),
    h('p', {}, `This needs ${formatTokens(cost)}. You can spend ${formatNumber(balance.available)}${held}.`),
    h(
      'div',
      { class: 'actions' },
      buyLink({ id, minutes, missing }),
      affordable > 0 &&
        h(
          'button',
          { type: 'button', class: 'button is-quiet', onclick: () => choose(affordable) },
          `Take ${formatMinutes(affordable)} instead`,
        ),
    ),
  )
}

function buyLink({ id, minutes, missing }) {
  const then = encodeURIComponent(`/apps/${id}?minutes=${minutes}`)
  return h('a', { class: 'button', href: `#/tokens?need=${missing}&then=${then}` }, 'Buy tokens')
}
