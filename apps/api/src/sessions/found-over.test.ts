/**
 * Calls that are refused because the session is over, and nobody has settled it yet: it is settled with the refusal.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, accessTokenOf, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, type Market, openSession, type Play, withNewUser } from '../../test/play.ts'
import { checkLedger } from '../ledger/check-ledger.ts'

let api: TestApi
let market: Market

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api)
})
afterAll(() => api.close())

type Way = [string, (play: Play, headers: Record<string, string>) => Promise<Answer>]

const asUser =
  (verb: string, body?: object): Way[1] =>
  async ({ sessionId, user }, headers) =>
    api.call('POST', `/sessions/${sessionId}/${verb}`, {
      token: await accessTokenOf(api, user.id),
      headers,
      ...(body && { body }),
    })
const extending: Way = ['extending', asUser('extend', { minutes: 10 })]
const relaunching: Way = ['relaunching', asUser('relaunch')]
const exposing: Way = [
  'noting an exposure',
  ({ sessionId, sessionJwt }) =>
    api.call('POST', `/api/v1/sessions/${sessionId}/exposures`, {
      token: sessionJwt,
      body: { experiment: 'toolbar', variant: 'side' },
    }),
]

/** Without asking the API, which would settle it. */
async function readRows({ sessionId, user }: Play) {
  const [session] = await api.deps.db.batch.query(
    `select s.status, s.end_reason as "endReason", s.tokens_charged as charged, w.posted, w.held
     from sessions s join wallets w on w.id = $2 where s.id = $1`,
    [sessionId, user.id],
  )
  return session
}

test.each([
  ...[extending, relaunching, exposing].map(([what, call]) => ({ what, call, headers: {} })),
  ...[extending, relaunching].map(([what, call]) => ({
    what: `${what} under a key`,
    call,
    headers: { 'idempotency-key': 'found over' },
  })),
])('$what what is over settles it, and is refused', async ({ call, headers }) => {
  const play = await openSession(await withNewUser(market, { tokens: 1_000 }), { minutes: 30 })
  await play.use(90)
  api.clock.advance({ minutes: 31 })
  const refused = await call(play, headers)
  expect([refused.status, refused.body.code]).toEqual([409, 'session_ended'])
  const settled = { status: 'ended', endReason: 'abandoned', charged: 6, posted: 994, held: 0 }
  expect(await readRows(play)).toEqual(settled)
  const again = await call(play, headers)
  expect([again.status, again.body.code]).toEqual([409, 'session_ended'])
  expect(await readRows(play)).toEqual(settled)
  const [ending] = await api.deps.db.batch.query<{ times: number }>(
    `select count(*) as times from events where session_id = $1 and type = 'session.abandoned'`,
    [play.sessionId],
  )
  expect(ending?.times).toBe(1)
  expect((await api.deps.db.inBatch(checkLedger)).findings).toEqual([])
})

test('what was refused under a key is answered the same again', async () => {
  const play = await openSession(await withNewUser(market, { tokens: 1_000 }), { minutes: 30 })
  api.clock.advance({ minutes: 31 })
  const headers = { 'idempotency-key': 'refused' }
  const [refused, again] = [await extending[1](play, headers), await extending[1](play, headers)]
  expect([again.status, again.text, again.headers['idempotent-replayed']]).toEqual([
    409,
    refused.text,
    'true',
  ])
})

test.each([extending, relaunching])('%s what was never validated in time cancels it', async (_, call) => {
  const play = await openSession(await withNewUser(market, { tokens: 1_000 }), {
    minutes: 30,
    validate: false,
  })
  api.clock.advance({ minutes: 8 })
  expect((await call(play, {})).body.code).toBe('session_ended')
  expect(await readRows(play)).toEqual({
    status: 'ended',
    endReason: 'cancelled',
    charged: 0,
    posted: 1_000,
    held: 0,
  })
})
