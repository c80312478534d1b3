import { h } from './element.js'

/**
 * A letter instead of the provider's icon: loading that would tell the provider who is looking.
 *
 * @param {string} name
 */
export function monogram(name) {
  const letter = [...name.trim()][0] ?? '?'
  return h('span', { class: 'monogram', 'aria-hidden': 'true' }, letter.toUpperCase())
}
