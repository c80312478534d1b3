/**
 * Makes elements. Text goes in as text and never as markup, because providers type some of it.
 *
 * @example
 * h('a', { href: '#/tokens', class: 'button' }, 'Buy tokens')
 *
 * @param {string} tag
 * @param {Record<string, any>} [properties] `on…` listens, `class` and attributes are set, null is left out
 * @param {...any} children strings, numbers, nodes, lists of them, or nothing
 * @returns {any}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  element.append(...toNodes(children))
  return element
}

/** @param {Element} element @param {...any} children */
export function fill(element, ...children) {
  element.replaceChildren(...toNodes(children))
}

/**
 * Changes a text only where it differs, so that screen readers and selections are left in peace.
 *
 * @param {Element} element @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/**
 * An address that may be followed, or undefined for `javascript:` and the like.
 *
 * @param {string} address
 */
export function webAddress(address) {
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined
}

/** @param {any[]} children @returns {(Node | string)[]} */
function toNodes(children) {
  return children
    .flat(Number.POSITIVE_INFINITY)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)))
}
