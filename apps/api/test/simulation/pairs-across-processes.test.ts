/**
 * The same through two processes as production runs them, each with its own pools and jobs: what takes from a wallet
 * and what ends a session against everything; all against all under `npm run test:long`.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { foldBeats, forgetBeats } from '../../src/sessions/fold-beats.ts'
import { isAboutPayouts, isOfTheApp, operations } from './operations.ts'
import { race } from './pairs.ts'
import { type Stage, startProcessStage } from './stage.ts'

const names = Object.keys(operations)
const payouts = names.filter(isAboutPayouts).length
const one =
  process.env.LONG === '1'
    ? names
    : ['opening another one', 'a beat', 'completing in the app', 'suspending the provider', 'a refund']

let stage: Stage
beforeAll(async () => {
  stage = await startProcessStage(
    payouts * (one.length + 5) + (process.env.LONG === '1' ? payouts * names.length : 0),
  )
  // As its processes do every five minutes: nothing that is looked at here may be that old.
  const [{ db }] = stage.instances
  await foldBeats(db, { now: new Date() })
  await forgetBeats(db, { now: new Date() })
})
afterAll(() => stage?.close())

test.each(one)('%s against every other operation, in two processes', async (name) => {
  const statuses = await race(
    stage,
    names.map((other) => ({ kind: 'running', one: name, other })),
  )
  expect([...statuses.values()].flat()).toContain(200)
}, 60_000)

test('resuming a paused session against every other operation, in two processes', async () => {
  const statuses = await race(
    stage,
    names.map((other) => ({ kind: 'paused by the app', one: 'resuming in the app', other })),
  )
  expect(statuses.get('resuming in the app')).toContain(200)
}, 60_000)

const withoutPayouts = names.filter((name) => !isAboutPayouts(name))

test('the first validation against every other operation, in two processes', async () => {
  const statuses = await race(
    stage,
    withoutPayouts
      .filter((name) => !isOfTheApp(name))
      .map((other) => ({ kind: 'pending', one: 'validating', other })),
  )
  expect(statuses.get('validating')).toContain(200)
}, 60_000)

test.runIf(process.env.LONG === '1')(
  'extending what is over and not settled against every other operation, in two processes',
  async () => {
    const statuses = await race(
      stage,
      withoutPayouts.map((other) => ({ kind: 'due', one: 'extending', other })),
    )
    expect(statuses.get('extending')).not.toContain(200)
  },
  60_000,
)
