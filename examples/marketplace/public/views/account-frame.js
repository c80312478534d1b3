import { h } from '../element.js'

const pages = [
  { href: '#/account', label: 'You' },
  { href: '#/account/limits', label: 'Spending limits' },
  { href: '#/account/sign-ins', label: 'Sign-ins' },
]

/**
 * What the pages of the account share: the way from one to the others.
 *
 * @param {{ title: string, lead: string, content: any }} page
 */
export function accountPage({ title, lead, content }) {
  const here = location.hash.split('?')[0]
  return {
    title,
    content: [
      h(
        'nav',
        { class: 'subnav', 'aria-label': 'Account' },
        pages.map(({ href, label }) =>
          h('a', { href, 'aria-current': href === here ? 'page' : null }, label),
        ),
      ),
      h('h1', { tabindex: '-1' }, title),
      h('p', { class: 'lead' }, lead),
      content,
    ],
  }
}
