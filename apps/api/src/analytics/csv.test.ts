import { expect, test } from 'vitest'
import { prefersCsv } from './csv.ts'

test.each([
  [undefined, false],
  ['*/*', false],
  ['application/json', false],
  ['text/csv', true],
  ['TEXT/CSV', true],
  ['text/csv; header=present', true],
  ['text/csv;q=0.5, */*', true],
  ['application/json;q=0.8, text/csv', true],
  ['text/csv;q=0.5, application/json', false],
  ['text/csv;q=0', false],
  ['text/csv;q=0, application/json;q=0', false],
  // As welcome as each other: the one named first.
  ['text/csv, application/json', true],
  ['application/json, text/csv', false],
])('Accept: %s is CSV: %s', (accept, isCsv) => {
  expect(prefersCsv(accept)).toBe(isCsv)
})
