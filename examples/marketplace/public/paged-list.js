/**
 * A list that comes page by page, with the button that brings the next one.
 *
 * @module
 */
import { fill, h } from './element.js'
import { whileBusy } from './notice.js'

/**
 * Fills `list` with its first page, or with as many rows as stood there when the page was left.
 *
 * @param {object} options
 * @param {HTMLElement} options.list
 * @param {string} options.label of the button
 * @param {number} options.rows how many there were; 0 for a page that is new
 * @param {(cursor?: string) => Promise<{ items: any[], nextCursor: string | null }>} options.load
 * @param {(item: any) => HTMLElement} options.row
 * @returns {Promise<any[]>} what stands below the list
 */
export async function pagedList({ list, label, rows, load, row }) {
  const place = h('div')
  const more = h('div', { class: 'actions' })
  list.dataset.paged = ''

  async function add(cursor) {
    const { items, nextCursor } = await load(cursor)
    list.append(...items.map(row))
    fill(more, nextCursor && moreButton(nextCursor))
    return nextCursor
  }

  function moreButton(cursor) {
    const button = h(
      'button',
      {
        type: 'button',
        class: 'button is-quiet',
        // Once at a time: rows that stand there twice look like money that was taken twice.
        onclick: () =>
          whileBusy(button, place, async () => {
            const before = list.children.length
            await add(cursor)
            // The button is gone, and what it brought is what comes next.
            const next = /** @type {HTMLElement} */ (list.children[before] ?? list)
            next.tabIndex = -1
            next.focus()
          }),
      },
      label,
    )
    return button
  }

  let cursor = await add()
  // A page may have nothing to show, and the list would say that there is nothing at all.
  while (cursor && list.children.length < Math.max(1, rows)) cursor = await add(cursor)
  return [place, more]
}
