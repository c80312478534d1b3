/**
 * All sessions of the user: those that run, then those that are over.
 *
 * @module
 */
import { findProvider, listRunningSessions, listSessions } from '../api.js'
import { h } from '../element.js'
import { formatDuration, formatInstant, formatTokens } from '../format.js'
import { pagedList } from '../paged-list.js'
import { runningSessions } from '../running-sessions.js'

const endings = {
  completed: 'ended by you',
  expired: 'time used up',
  abandoned: 'silent for too long',
  cancelled: 'never opened',
  revoked: 'app taken off',
}

/** @param {{ rows: number, signal: AbortSignal }} context */
export async function showSessions({ rows, signal }) {
  const list = h('ul', { class: 'rows' })
  const [running, more] = await Promise.all([
    listRunningSessions(),
    pagedList({
      list,
      label: 'Older sessions',
      rows,
      async load(cursor) {
        const { items, nextCursor } = await listSessions(cursor)
        return { items: items.filter(({ status }) => status === 'ended'), nextCursor }
      },
      row,
    }),
  ])

  return {
    title: 'Sessions',
    content: [
      h('h1', { tabindex: '-1' }, 'Sessions'),
      h(
        'section',
        { 'aria-labelledby': 'running-now' },
        h('h2', { id: 'running-now' }, 'Running now'),
        running.length > 0
          ? runningSessions(running, { signal })
          : h(
              'p',
              { class: 'empty' },
              'Nothing is running, so nothing is reserved. ',
              h('a', { href: '#/' }, 'Choose an app'),
              '.',
            ),
      ),
      h(
        'section',
        { 'aria-labelledby': 'over' },
        h('h2', { id: 'over' }, 'Over'),
        list.children.length > 0 ? list : h('p', { class: 'empty' }, 'No session has ended yet.'),
        more,
      ),
    ],
  }
}

function row(session) {
  const name = h('a', { href: `#/sessions/${session.id}` }, 'Session')
  findProvider(session.providerId)
    .then((provider) => {
      name.textContent = provider?.name ?? 'An app that is no longer listed'
    })
    .catch(() => {})
  return h(
    'li',
    { class: 'row' },
    h(
      'div',
      {},
      name,
      h(
        'p',
        { class: 'quiet' },
        `${formatInstant(session.createdAt)}, ${endings[session.endReason] ?? 'over'}`,
      ),
    ),
    h(
      'div',
      { class: 'row-amount' },
      h('b', {}, formatTokens(session.tokensCharged)),
      h('span', { class: 'quiet' }, formatDuration(session.usedMs)),
    ),
  )
}
