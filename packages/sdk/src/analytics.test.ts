import { expect, test } from 'vitest'
import { type AnalyticsSink, experiment, sendEventsTo } from './analytics.ts'
import { createFakeMarketplace } from './testing/index.ts'

function createSink() {
  const seen: [string, Record<string, unknown>][] = []
  const sink: AnalyticsSink = { track: (name, properties) => seen.push([name, properties]) }
  return { sink, seen }
}

test('a sink hears every event, flat and without credentials, until it is stopped', async () => {
  const market = createFakeMarketplace()
  const { session } = await market.openTab({ options: { redirect: false } })
  const { sink, seen } = createSink()
  const stop = sendEventsTo(session, sink)
  await session.pause()
  await session.resume()
  await session.complete()
  expect(seen.map(([name]) => name)).toEqual(['session_pause', 'session_resume', 'session_end'])
  expect(seen[2]?.[1]).toMatchObject({ sessionId: 'ses_1', reason: 'completed' })
  expect(JSON.stringify(seen)).not.toContain(session.getSessionJwt())
  stop()
})

test('a user gets the same variant every time, and its exposure is told once', async () => {
  const market = createFakeMarketplace()
  const { session } = await market.openTab()
  const { sink, seen } = createSink()
  const variant = experiment(session, 'toolbar', ['top', 'side'], sink)
  for (let tries = 0; tries < 5; tries++)
    expect(experiment(session, 'toolbar', ['top', 'side'], sink)).toBe(variant)
  expect(seen).toEqual([['experiment_exposure', expect.objectContaining({ experiment: 'toolbar', variant })]])
})

test('experiments spread over their variants independently of each other', async () => {
  const market = createFakeMarketplace()
  const { session } = await market.openTab()
  const counts = { a: 0, b: 0, c: 0 }
  for (let index = 0; index < 3000; index++)
    counts[experiment(session, `experiment-${index}`, ['a', 'b', 'c'])]++
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(900)
})

test('without a session everybody gets the first variant and nobody is counted', async () => {
  const market = createFakeMarketplace()
  const { session } = await market.openTab({ href: 'https://app.test/' })
  const { sink, seen } = createSink()
  expect(experiment(session, 'toolbar', ['top', 'side'], sink)).toBe('top')
  expect(seen).toEqual([])
})
