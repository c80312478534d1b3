/**
 * The apps on offer, and what is running now.
 *
 * @module
 */
import { listRunningSessions } from '../api.js'
import { fill, h } from '../element.js'
import { call, currentUser } from '../marketplace.js'
import { monogram } from '../monogram.js'
import { problemBox, say } from '../notice.js'
import { pagedList } from '../paged-list.js'
import { priceInWords, rateInWords } from '../price.js'
import { runningSessions } from '../running-sessions.js'

const TYPING_MS = 250
const EXAMPLE_MINUTES = 30

/** @param {{ query: URLSearchParams, rows: number, signal: AbortSignal }} context */
export async function showCatalogue({ query, rows, signal }) {
  let state = { q: query.get('q') ?? '', category: query.get('category') ?? '' }
  const found = h('div', { class: 'found' })
  const place = h('div')
  const categories = h('datalist', { id: 'categories' })
  const known = new Set()
  let asked = 0
  let timer

  async function loadPage({ q, category }, cursor) {
    const page = await call('listProviders', {
      query: { q: q || undefined, category: category || undefined, cursor },
    })
    for (const { category } of page.items) known.add(category)
    fill(
      categories,
      [...known].sort().map((value) => h('option', { value })),
    )
    return page
  }

  async function load(rowsWanted = 0) {
    const mine = ++asked
    // More of this list is more of what was asked for it, whatever is asked for by then.
    const filter = state
    const list = h('ul', { class: 'apps', id: 'apps' })
    found.setAttribute('aria-busy', 'true')
    try {
      const more = await pagedList({
        list,
        label: 'More apps',
        rows: rowsWanted,
        load: (cursor) => loadPage(filter, cursor),
        row: appCard,
      })
      if (mine !== asked || signal.aborted) return
      fill(place)
      fill(found, list.children.length > 0 ? list : nothingFound(filter), more)
      if (filter.q || filter.category) say(`${list.children.length} apps found`)
    } catch (error) {
      if (mine === asked && !signal.aborted) fill(place, problemBox(error, { retry: () => load(rowsWanted) }))
    } finally {
      if (mine === asked) found.removeAttribute('aria-busy')
    }
  }

  function search(event) {
    const form = event.currentTarget
    clearTimeout(timer)
    timer = setTimeout(
      () => {
        if (signal.aborted) return
        state = {
          q: form.elements.q.value.trim(),
          category: form.elements.category.value.trim().toLowerCase(),
        }
        const asQuery = toQuery(state)
        history.replaceState(history.state, '', asQuery ? `#/?${asQuery}` : '#/')
        void load()
      },
      event.type === 'submit' ? 0 : TYPING_MS,
    )
  }

  const [running] = await Promise.all([loadRunning(signal), load(rows)])
  return {
    title: 'Apps by the minute',
    content: [
      currentUser() ? h('h1', { tabindex: '-1' }, 'Apps by the minute') : welcome(),
      running,
      h(
        'section',
        { 'aria-labelledby': 'on-offer' },
        h('h2', { id: 'on-offer' }, 'On offer'),
        h(
          'form',
          {
            class: 'search',
            role: 'search',
            oninput: search,
            onsubmit: (event) => {
              event.preventDefault()
              search(event)
            },
          },
          h(
            'div',
            { class: 'field' },
            h('label', { for: 'q' }, 'Search'),
            h('input', {
              id: 'q',
              name: 'q',
              type: 'search',
              value: state.q,
              maxlength: '100',
              autocomplete: 'off',
            }),
          ),
          h(
            'div',
            { class: 'field' },
            h('label', { for: 'category' }, 'Category'),
            h('input', {
              id: 'category',
              name: 'category',
              list: 'categories',
              value: state.category,
              maxlength: '40',
              placeholder: 'any',
              autocomplete: 'off',
            }),
            categories,
          ),
        ),
        found,
        place,
      ),
    ],
  }
}

/** The catalogue stands also when the user's sessions cannot be read. */
async function loadRunning(signal) {
  if (!currentUser()) return null
  const sessions = await listRunningSessions().catch(() => [])
  if (sessions.length === 0) return null
  return h(
    'section',
    { 'aria-labelledby': 'running-now' },
    h('h2', { id: 'running-now' }, 'Running now'),
    runningSessions(sessions, { signal }),
  )
}

function welcome() {
  return h(
    'div',
    { class: 'hero' },
    h('h1', { tabindex: '-1' }, 'Apps by the minute.'),
    h('p', { class: 'lead' }, 'Buy tokens once, spend them in any app, pay only for the time you use.'),
    h(
      'ol',
      { class: 'steps' },
      h(
        'li',
        {},
        h('b', {}, 'Reserve'),
        ' Choose an app and how long at most. That many tokens are set aside.',
      ),
      h(
        'li',
        {},
        h('b', {}, 'Use'),
        ' The clock runs while the app is open. Pause it, close it: it stands still.',
      ),
      h('li', {}, h('b', {}, 'Settle'), ' You are charged to the second, and the rest comes back at once.'),
    ),
    h(
      'div',
      { class: 'actions' },
      h('a', { class: 'button', href: '#/register' }, 'Make an account'),
      h('a', { class: 'button is-quiet', href: '#/sign-in' }, 'Sign in'),
    ),
  )
}

function appCard({ id, name, description, category, tokensPerMinute }) {
  return h(
    'li',
    { class: 'app' },
    monogram(name),
    h(
      'div',
      { class: 'app-text' },
      h('h3', {}, h('a', { href: `#/apps/${id}` }, name)),
      h('p', { class: 'tag' }, category),
      h('p', {}, description),
    ),
    h(
      'div',
      { class: 'app-price' },
      h('b', {}, rateInWords(tokensPerMinute)),
      h('span', {}, priceInWords(tokensPerMinute, EXAMPLE_MINUTES)),
    ),
  )
}

function nothingFound({ q, category }) {
  const isSearch = q || category
  return h(
    'p',
    { class: 'empty' },
    isSearch
      ? 'No app fits. Try another word, or leave the category open.'
      : 'No app is listed yet. Once a provider is approved, it appears here.',
  )
}

function toQuery(values) {
  const kept = Object.entries(values).filter(([, value]) => value)
  return new URLSearchParams(/** @type {any} */ (kept)).toString()
}
