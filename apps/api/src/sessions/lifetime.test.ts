import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectAs } from '../../test/database.ts'
import { startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, type Market, openSession, type Play } from '../../test/play.ts'

let api: TestApi
let market: Market

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api, { tokens: 1_000_000 })
})
afterAll(() => api.close())

/** As if it had been opened that much earlier, and used since as it was: whoever owns the tables can do that. */
async function openedEarlier({ sessionId }: Play, ms: number): Promise<void> {
  const owner = await connectAs(api.databaseUrl)
  await owner.query(
    `update sessions set created_at = created_at - $2 * interval '1 millisecond' where id = $1`,
    [sessionId, ms],
  )
  await owner.end()
}

test('no lease goes beyond the 24 hours, in an answer or in a reading', async () => {
  const play = await openSession(market, { minutes: 480 })
  await play.beat()
  await openedEarlier(play, 24 * 3_600_000 - 10_000)
  const end = new Date(api.clock.now().getTime() + 10_000).toISOString()
  expect((await play.beat()).body.session.serveUntil).toBe(end)
  expect((await play.read()).body.session.serveUntil).toBe(end)
  api.clock.advance({ ms: 9_999 })
  expect((await play.read()).body.session).toMatchObject({ usedMs: 9_999, serveUntil: end })
  api.clock.advance({ ms: 1 })
  expect((await play.read()).body.session).toMatchObject({ endReason: 'expired', usedMs: 0 })
})

test('an extension may fill the 24 hours to the last minute: what is used already takes no room', async () => {
  const play = await openSession(market, { minutes: 480 })
  await play.beat()
  expect((await play.market('POST', '/extend', { minutes: 480 })).status).toBe(200)
  await play.beat()
  await play.use(60)
  const filled = await play.market('POST', '/extend', { minutes: 480 })
  expect([filled.status, filled.body.session?.durationSeconds]).toEqual([200, 24 * 3_600])
  const more = await play.market('POST', '/extend', { minutes: 1 })
  expect([more.status, more.body.code]).toEqual([409, 'session_too_long'])
})

test('there is no way back into a session that is over and not settled yet', async () => {
  const play = await openSession(market, { minutes: 1 })
  await play.beat()
  api.clock.advance({ seconds: 131 })
  const refused = await play.market('POST', '/relaunch')
  expect([refused.status, refused.body.code]).toEqual([409, 'session_ended'])
})

test('nor into one whose launch nobody showed in time', async () => {
  const play = await openSession(market, { validate: false })
  api.clock.advance({ minutes: 7 })
  const refused = await play.market('POST', '/relaunch')
  expect([refused.status, refused.body.code]).toEqual([409, 'session_ended'])
})
