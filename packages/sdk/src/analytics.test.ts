import { expect, test } from 'vitest'
import { type AnalyticsSink, sendEventsTo } from './analytics.ts'
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
