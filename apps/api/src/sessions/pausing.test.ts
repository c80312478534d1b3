import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, type Market, openSession, type Play, withNewUser } from '../../test/play.ts'
import { findUnloggedTime } from '../../test/unlogged-time.ts'
import { sweepSessions } from './sweep-sessions.ts'

let api: TestApi
let market: Market

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api)
})
afterAll(() => api.close())

const open = async (options: { minutes?: number } = {}) => openSession(await withNewUser(market), options)
/** A call of the app under the next sequence. */
const say = (play: Play, verb: 'pause' | 'resume', body: object = {}) => {
  play.sequence += 1
  return play.call(verb, { clientId: play.clientId, sequence: play.sequence, ...body })
}
const leaseMs = ({ body }: Answer) =>
  Date.parse(body.session.serveUntil) - Date.parse(body.session.serverTime)
const sweep = () =>
  sweepSessions(api.deps.db, { now: api.clock.now(), marketplaceUrl: api.deps.config.marketplaceUrl })

test('a page that said goodbye, paused and resumed serves again', async () => {
  const play = await open()
  await play.use(60)
  await play.beat({ final: true })
  await say(play, 'pause')
  expect(leaseMs(await say(play, 'resume'))).toBe(130_000)
  expect((await play.beat({ afterSeconds: 30 })).body.session.usedMs).toBe(90_000)
})

test('paused before its first beat and resumed, it has a whole lease', async () => {
  const play = await open()
  await say(play, 'pause')
  expect(leaseMs(await say(play, 'resume'))).toBe(130_000)
})

test('a resume that a pause has overtaken starts no clock', async () => {
  const play = await open()
  await play.use(30)
  await play.call('pause', { clientId: play.clientId, sequence: 5, activeMs: 0 })
  const late = await play.call('resume', { clientId: play.clientId, sequence: 4 })
  expect(late.body.session).toMatchObject({ status: 'paused', serveUntil: null, sequence: 5 })
  api.clock.advance({ seconds: 40 })
  expect((await play.read()).body.session).toMatchObject({ status: 'paused', usedMs: 30_000 })
})

test.each([
  { what: 'that it was closed', activeMs: undefined, usedMs: 60_000 },
  { what: 'of 5 s of use', activeMs: 5_000, usedMs: 65_000 },
  { what: 'of more use than there was time', activeMs: 3_600_000, usedMs: 80_000 },
])('an app that resumes what runs, and tells $what, starts the clock and pays for that', async (told) => {
  const play = await open()
  await play.use(60)
  api.clock.advance({ seconds: 20 })
  const { body } = await say(play, 'resume', { activeMs: told.activeMs })
  expect(body.session).toMatchObject({ status: 'active', usedMs: told.usedMs })
  expect(leaseMs({ body } as Answer)).toBe(130_000)
  expect((await play.beat({ afterSeconds: 30 })).body.session.usedMs).toBe(told.usedMs + 30_000)
  const [row] = await api.deps.db.batch.query('select unbilled_ms as ms from sessions where id = $1', [
    play.sessionId,
  ])
  expect(row).toEqual({ ms: 80_000 - told.usedMs })
  expect(await findUnloggedTime(api.deps.db.batch)).toEqual([])
})

test('use that was told in a last word is not billed once more by resuming', async () => {
  const play = await open()
  await play.beat({ afterSeconds: 30, final: true })
  api.clock.advance({ seconds: 20 })
  expect((await say(play, 'resume', { activeMs: 30_000 })).body.session.usedMs).toBe(30_000)
})

test('resuming what runs ends it where the use told of is the rest of the paid time', async () => {
  const play = await open({ minutes: 1 })
  await play.use(30)
  api.clock.advance({ seconds: 35 })
  const { body } = await say(play, 'resume', { activeMs: 30_000 })
  expect(body.session).toMatchObject({ status: 'ended', endReason: 'expired', usedMs: 60_000 })
})

test('what an app showed on before its own pause told it of the marketplace’s is on the session’s record', async () => {
  const play = await open()
  await play.use(60)
  await play.market('POST', '/pause')
  api.clock.advance({ seconds: 20 })
  expect((await say(play, 'pause')).body.session).toMatchObject({ status: 'paused', usedMs: 60_000 })
  const { db } = api.deps
  const [row] = await db.batch.query('select unbilled_ms as ms from sessions where id = $1', [play.sessionId])
  expect(row).toEqual({ ms: 20_000 })
  expect(await findUnloggedTime(db.batch)).toEqual([])
})

test('a resumed session with a minute left is settled after its lease, not when its pause would have been', async () => {
  const play = await open({ minutes: 10 })
  await play.use(540)
  await say(play, 'pause')
  // Past the launch, so that the pause alone says when it comes up again.
  expect(await sweep()).toBe(0)
  await say(play, 'resume')
  for (const seconds of [60, 69, 1]) {
    api.clock.advance({ seconds })
    expect(await sweep()).toBe(0)
  }
  api.clock.advance({ ms: 1 })
  expect(await sweep()).toBe(1)
  expect((await play.look()).body).toMatchObject({ endReason: 'expired', usedMs: 540_000 })
})

test.each([
  { gapMs: 45_000, countedMs: 45_000 },
  { gapMs: 45_001, countedMs: 0 },
])('a pause in the marketplace $gapMs ms after the last beat counts $countedMs of them', async ({
  gapMs,
  countedMs,
}) => {
  const play = await open()
  await play.beat()
  api.clock.advance({ ms: gapMs })
  expect((await play.market('POST', '/pause')).body.session.usedMs).toBe(countedMs)
})
