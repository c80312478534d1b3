/**
 * Every operation on a session or its money against every other, at the same instant, through two instances on one
 * database: whatever the order, the books are right and nobody is told of an error.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isAboutPayouts, isOfEverybody, isOfTheApp, operations } from './operations.ts'
import { race } from './pairs.ts'
import { type Stage, startStage } from './stage.ts'

const names = Object.keys(operations)
const payouts = names.filter(isAboutPayouts).length

let stage: Stage
beforeAll(async () => {
  stage = await startStage(payouts * (names.length + 5))
})
afterAll(() => stage?.close())

test.each(
  names.map((name, i) => ({ name, against: names.slice(i) })),
)('$name against every other operation', async ({ name, against }) => {
  const statuses = await race(
    stage,
    against.map((other) => ({ kind: 'running', one: name, other })),
  )
  expect([...statuses.values()].flat()).toContain(200)
})

test.each([
  'resuming in the app',
  'resuming in the marketplace',
])('%s, where the session is paused, against every other operation', async (name) => {
  for (const kind of ['paused by the app', 'paused by its user'] as const) {
    const statuses = await race(
      stage,
      names.map((other) => ({ kind, one: name, other })),
    )
    // What its user has paused only its user resumes.
    const isRefused = name === 'resuming in the app' && kind === 'paused by its user'
    expect(statuses.get(name)).toContain(isRefused ? 409 : 200)
  }
})

const isLong = process.env.LONG === '1'
const withoutPayouts = names.filter((name) => !isAboutPayouts(name))
const beforeTheApp = withoutPayouts.filter((name) => !isOfTheApp(name))

test.each(
  isLong
    ? beforeTheApp.filter((name) => !isOfEverybody(name))
    : ['validating', 'taking over in another browser'],
)('%s, where nobody has validated yet, against every other operation', async (name) => {
  const statuses = await race(
    stage,
    beforeTheApp.map((other) => ({ kind: 'pending', one: name, other })),
  )
  expect([...statuses.values()].flat()).toContain(200)
})

const GO_ON = ['validating', 'relaunching', 'taking over in another browser', 'extending']

test.each(
  isLong ? withoutPayouts.filter((name) => !isOfEverybody(name)) : ['validating', 'extending', 'a sweep'],
)('%s, where the session is over and not settled, against every other operation', async (name) => {
  const statuses = await race(
    stage,
    withoutPayouts.map((other) => ({ kind: 'due', one: name, other })),
  )
  for (const goesOn of GO_ON) expect(statuses.get(goesOn)).not.toContain(200)
  expect(statuses.get('a sweep')).toContain(200)
})

test('deleting the account, where nothing runs any more, against every other operation', async () => {
  const statuses = await race(
    stage,
    names.map((other) => ({ kind: 'ended', one: 'deleting the account', other })),
  )
  expect(statuses.get('deleting the account')).toContain(204)
})
