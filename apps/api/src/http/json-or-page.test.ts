import { expect, test } from 'vitest'
import { prefersPage } from './json-or-page.ts'

test.each([
  [undefined, false],
  ['', false],
  ['*/*', false],
  ['application/json', false],
  ['text/html', true],
  ['text/html;q=0.5, application/json', false],
  ['application/json;q=0.5, TEXT/HTML', true],
  ['text/html, application/json', false],
  ['text/html;q=0', false],
])('Accept: %s is a page: %s', (accept, isPage) => {
  expect(prefersPage(accept)).toBe(isPage)
})
