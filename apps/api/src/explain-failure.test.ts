import { expect, test } from 'vitest'
import { explainFailure } from './explain-failure.ts'

test.each([
  ['57P03', 'the database system is starting up'],
  ['53300', 'sorry, too many clients already'],
  ['53100', 'could not extend file: No space left on device'],
  ['EHOSTUNREACH', 'connect EHOSTUNREACH 10.0.0.7:5432'],
])('a database that cannot serve now (%s) is told in one line, without a stack', (code, message) => {
  expect(explainFailure(Object.assign(new Error(message), { code }))).toBe(
    `The database of DATABASE_URL cannot serve now: ${message}.`,
  )
})

test('a mistake of ours keeps its stack', () => {
  const error = new TypeError('x is not a function')
  expect(explainFailure(error)).toBe(error.stack)
})
