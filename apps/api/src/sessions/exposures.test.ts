import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, type Market, openSession, type Play, validateLaunch } from '../../test/play.ts'

let api: TestApi
let market: Market

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api)
})
afterAll(() => api.close())

const tell = (play: Play, body: unknown, headers: Record<string, string> = {}) =>
  api.call('POST', `/api/v1/sessions/${play.sessionId}/exposures`, { token: play.sessionJwt, body, headers })
const recorded = (play: Play) =>
  api.deps.db.batch.query('select experiment, variant from exposures where session_id = $1 order by 1', [
    play.sessionId,
  ])

test('the first variant of a session and experiment stands, whatever is told later', async () => {
  const play = await openSession(market)
  const first = await tell(play, { experiment: 'toolbar', variant: 'side' })
  expect([first.status, first.body]).toEqual([200, { experiment: 'toolbar', variant: 'side' }])
  for (const variant of ['side', 'top']) {
    const again = await tell(play, { experiment: 'toolbar', variant })
    expect([again.status, again.body]).toEqual([200, { experiment: 'toolbar', variant: 'side' }])
  }
  const other = await openSession(market)
  expect((await tell(other, { experiment: 'toolbar', variant: 'top' })).body.variant).toBe('top')
  expect(await recorded(play)).toEqual([{ experiment: 'toolbar', variant: 'side' }])
})

test('of many tabs that tell at once, one variant is kept and all hear of it', async () => {
  const play = await openSession(market)
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, i) => tell(play, { experiment: 'layout', variant: `v${i % 3}` })),
  )
  const variants = new Set(answers.map(({ body }) => body.variant))
  expect(answers.every(({ status }) => status === 200)).toBe(true)
  expect(await recorded(play)).toEqual([{ experiment: 'layout', variant: [...variants][0] }])
  expect(variants.size).toBe(1)
})

test('a session has at most 20 experiments, also when they are told at once', async () => {
  const play = await openSession(market)
  const answers = await Promise.all(
    Array.from({ length: 25 }, (_, i) => tell(play, { experiment: `e${i}`, variant: 'a' })),
  )
  const refused = answers.filter(({ status }) => status !== 200)
  expect(refused.map(({ status, body }) => [status, body.code])).toEqual(
    Array.from({ length: 5 }, () => [409, 'limit_reached']),
  )
  expect(await recorded(play)).toHaveLength(20)
})

test('an ended session takes no new exposure and still tells the old one', async () => {
  const play = await openSession(market)
  await tell(play, { experiment: 'toolbar', variant: 'side' })
  await play.call('complete')
  expect((await tell(play, { experiment: 'toolbar', variant: 'top' })).body).toEqual({
    experiment: 'toolbar',
    variant: 'side',
  })
  const late = await tell(play, { experiment: 'colour', variant: 'red' })
  expect([late.status, late.body.code]).toEqual([409, 'session_ended'])
  expect(await recorded(play)).toHaveLength(1)
})

test('a page that is being closed tells it as text with its session JWT inside', async () => {
  const play = await openSession(market)
  const answer = await api.call('POST', `/api/v1/sessions/${play.sessionId}/exposures`, {
    text: JSON.stringify({ experiment: 'toolbar', variant: 'side', sessionJwt: play.sessionJwt }),
    headers: { 'content-type': 'text/plain' },
  })
  expect([answer.status, answer.body]).toEqual([200, { experiment: 'toolbar', variant: 'side' }])
})

test('strangers, foreign pages and clients that lost the session tell nothing', async () => {
  const [play, other] = [await openSession(market), await openSession(market)]
  const body = { experiment: 'toolbar', variant: 'side' }
  const nobody = await api.call('POST', `/api/v1/sessions/${play.sessionId}/exposures`, { body })
  const foreign = await tell({ ...play, sessionJwt: other.sessionJwt }, body)
  const page = await tell(play, body, { origin: 'https://evil.example' })
  const sessionJwt = play.sessionJwt
  const { body: relaunched } = await play.market('POST', '/relaunch')
  await validateLaunch(play, { launchJwt: relaunched.launchJwt, clientId: 'client_of_another_tab' })
  const superseded = await tell({ ...play, sessionJwt }, body)
  expect([nobody, foreign, page, superseded].map(({ status, body }) => [status, body.code])).toEqual([
    [401, 'unauthenticated'],
    [404, 'session_not_found'],
    [403, 'origin_not_allowed'],
    [409, 'session_superseded'],
  ])
  expect(await recorded(play)).toEqual([])
  expect((await tell(other, body, { origin: 'http://localhost:4002' })).status).toBe(200)
})

test.each([
  ['nothing', {}],
  ['no variant', { experiment: 'a' }],
  ['an empty name', { experiment: '', variant: 'a' }],
  ['65 characters', { experiment: 'a'.repeat(65), variant: 'a' }],
  ['a number', { experiment: 'a', variant: 1 }],
  ['other letters', { experiment: 'größe', variant: 'a' }],
  ['markup', { experiment: 'a', variant: '<b>' }],
  ['a line', { experiment: 'a\n', variant: 'a' }],
  ['a formula', { experiment: '=1+1', variant: 'a' }],
])('%s is refused by name', async (_what, body) => {
  const answer = await tell(await openSession(market), body)
  expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed'])
})
