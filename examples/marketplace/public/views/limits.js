/**
 * What users allow themselves: a day, an app, and when to be told that few tokens are left.
 *
 * @module
 */
import { findProvider } from '../api.js'
import { fill, h } from '../element.js'
import { makeForm, tokensField } from '../form.js'
import { formatNumber, formatTokens } from '../format.js'
import { call } from '../marketplace.js'
import { accountPage } from './account-frame.js'

const APPS_SHOWN_MAX = 100
/** @param {string} providerId */
const nameOf = (providerId) => `app-${providerId}`

export async function showLimits() {
  const [limits, { items: offered }] = await Promise.all([
    call('getLimits'),
    call('listProviders', { query: { limit: APPS_SHOWN_MAX } }),
  ])
  const chosen = await Promise.all(
    limits.perProviderPerDayTokens.map(async ({ providerId, tokens }) => ({
      id: providerId,
      name: (await findProvider(providerId).catch(() => null))?.name ?? 'An app that is no longer listed',
      tokens,
    })),
  )
  const fields = [
    tokensField(
      'perDay',
      'Tokens in any 24 hours',
      limits.perDayTokens,
      'For all apps together. Empty: no limit. 0: nothing opens that costs.',
    ),
    tokensField(
      'lowBalance',
      'Mail me when fewer than this many are left',
      limits.lowBalanceTokens,
      'Empty: never.',
    ),
  ]
  const apps = h('div', { class: 'form' })
  const adding = h('div', { class: 'field' })
  for (const app of chosen) add(app)
  drawChoice()

  function add({ id, name, tokens }) {
    const element = tokensField(nameOf(id), `${name}: tokens in any 24 hours`, tokens, 'Empty: no limit.')
    fields.push(element)
    apps.append(element)
    return element
  }

  function drawChoice() {
    const left = offered.filter(({ id }) => !apps.querySelector(`#${nameOf(id)}`))
    if (left.length === 0) return fill(adding)
    const select = h(
      'select',
      { id: 'add-app' },
      left.map(({ id, name }) => h('option', { value: id }, name)),
    )
    fill(
      adding,
      h('label', { for: 'add-app' }, 'A limit for one app'),
      h(
        'div',
        { class: 'actions' },
        select,
        h(
          'button',
          {
            type: 'button',
            class: 'button is-quiet',
            onclick() {
              const app = left.find(({ id }) => id === select.value)
              if (!app) return
              add({ ...app, tokens: null })
                .querySelector('input')
                .focus()
              drawChoice()
            },
          },
          'Add it',
        ),
      ),
    )
  }

  /** @param {string | undefined} text */
  const read = (text) => (text === undefined || text === '' ? null : Number(text))

  const form = makeForm({
    button: 'Save the limits',
    fields,
    submit: async (values) => {
      const saved = await call('changeLimits', {
        body: {
          perDayTokens: read(values.perDay),
          lowBalanceTokens: read(values.lowBalance),
          perProviderPerDayTokens: Object.entries(values).flatMap(([name, text]) => {
            const tokens = read(text)
            const providerId = /^app-(prv_.+)$/.exec(name)?.[1]
            return providerId && tokens !== null ? [{ providerId, tokens }] : []
          }),
        },
      })
      drawUsed(saved)
    },
    done: () => 'Your limits are saved.',
  })
  // What is sent stands last, below the apps.
  form.querySelector('.actions')?.before(apps, adding)
  const used = h('p')
  drawUsed(limits)

  function drawUsed({ usedTokens, perDayTokens }) {
    const taken =
      perDayTokens === null
        ? formatTokens(usedTokens)
        : `${formatNumber(usedTokens)} of ${formatTokens(perDayTokens)}`
    fill(used, `In the last 24 hours your sessions took or reserved ${taken}.`)
  }

  return accountPage({
    title: 'Spending limits',
    lead: 'They hold from the next session on. Nothing that runs is touched.',
    content: [used, form],
  })
}
