import { generateKeyPairSync, sign } from 'node:crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Answer, startTestApi, type TestApi } from '../../test/harness.ts'
import { holdLock } from '../../test/hold-lock.ts'
import { type Instance, startOtherInstance } from '../../test/instance.ts'
import { createMarket, type Market, openSession, type Play } from '../../test/play.ts'
import { digestJwt } from '../keys/key-ring.ts'

let api: TestApi
let other: Instance
let market: Market

beforeAll(async () => {
  api = await startTestApi()
  other = await startOtherInstance(api)
  market = await createMarket(api, { tokens: 1_000_000 })
})
afterAll(async () => {
  await other.close()
  await api.close()
})

const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')
const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())

/** The same header, with other claims, under a key that is not ours. */
function forge(jwt: string, changes: object): string {
  const [head, body] = jwt.split('.') as [string, string]
  const text = `${head}.${encode({ ...decode(body), ...changes })}`
  const signature = sign('sha256', Buffer.from(text), { key: foreign, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}

/** Asks the instance that did not sign it. */
async function show({ clientId }: Play, launchJwt: string): Promise<Pick<Answer, 'status' | 'body'>> {
  const { statusCode, body } = await other.app.inject({
    method: 'POST',
    url: '/api/v1/sessions/validate',
    payload: { launchJwt, clientId },
  })
  return { status: statusCode, body: JSON.parse(body) }
}

async function digestOf({ sessionId }: Play): Promise<Buffer | null> {
  const [row] = await api.deps.db.batch.query<{ digest: Buffer | null }>(
    'select launch_digest as digest from sessions where id = $1',
    [sessionId],
  )
  return row!.digest
}

const plant = ({ sessionId }: Play, jwt: string) =>
  api.deps.db.batch.query('update sessions set launch_digest = $2 where id = $1', [sessionId, digestJwt(jwt)])

test('the very bytes that the session was opened with need no second proof, and are forgotten once spent', async () => {
  const play = await openSession(market, { validate: false })
  expect(await digestOf(play)).toEqual(digestJwt(play.launchJwt))
  // A signature that no key of ours made: who lets it in has not verified it.
  const planted = forge(play.launchJwt, {})
  expect((await show(play, planted)).body.code).toBe('launch_invalid')
  await plant(play, planted)
  expect((await show(play, planted)).body.session).toMatchObject({ id: play.sessionId, status: 'active' })
  expect(await digestOf(play)).toBe(null)
})

test('where the row has another digest or none, the signature decides', async () => {
  const play = await openSession(market, { validate: false })
  await plant(play, 'another launch')
  expect((await show(play, forge(play.launchJwt, {}))).body.code).toBe('launch_invalid')
  expect((await show(play, play.launchJwt)).body.session).toMatchObject({
    id: play.sessionId,
    status: 'active',
  })
  // Spent: asked again, after its answer was lost.
  expect(await digestOf(play)).toBe(null)
  expect((await show(play, play.launchJwt)).status).toBe(200)
})

test('a launch that meets the lock of somebody else is verified, waits, and gets in', async () => {
  const play = await openSession(market, { validate: false })
  const verify = vi.spyOn(other.deps.keys, 'verify')
  const release = await holdLock(api, 'select from sessions where id = $1 for update', [play.sessionId])
  const showing = show(play, play.launchJwt)
  await vi.waitFor(() => expect(verify).toHaveBeenCalledOnce())
  await release()
  expect((await showing).body.session).toMatchObject({ id: play.sessionId, status: 'active' })
  verify.mockRestore()
})

test('a launch that a relaunch made void does not come back by its digest', async () => {
  const play = await openSession(market, { validate: false })
  const again = await play.market('POST', '/relaunch')
  expect((await show(play, play.launchJwt)).body.code).toBe('launch_invalid')
  expect((await show(play, again.body.launchJwt)).status).toBe(200)
})

test.each([
  ['of another issuer', { iss: 'http://elsewhere.example' }, 'launch_invalid'],
  ['before its time', { nbf: 4_000_000_000 }, 'launch_invalid'],
  ['after its time', { exp: 1 }, 'launch_expired'],
])('a JWT %s is refused whatever digest the row has', async (_, changes, code) => {
  const play = await openSession(market, { validate: false })
  const [head, body] = play.launchJwt.split('.') as [string, string]
  const signed = await api.deps.keys.sign('launch+jwt', { ...decode(body), ...changes })
  // As `sign` puts the issuer, that one is made by hand.
  const jwt = 'iss' in changes ? `${head}.${encode({ ...decode(body), ...changes })}.c2ln` : signed
  await plant(play, jwt)
  expect((await show(play, jwt)).body.code).toBe(code)
  expect((await play.look()).body.status).toBe('pending')
})

test('a key that is withdrawn takes with it what it signed, whatever digest the row has', async () => {
  const play = await openSession(market, { validate: false })
  const [head, ...rest] = play.launchJwt.split('.') as [string, string, string]
  const jwt = [encode({ ...decode(head), kid: 'withdrawn' }), ...rest].join('.')
  await plant(play, jwt)
  expect((await show(play, jwt)).body.code).toBe('launch_invalid')
})

test('what nobody has verified sinks no batch and keeps nobody waiting', async () => {
  const plays = await Promise.all(Array.from({ length: 12 }, () => openSession(market, { validate: false })))
  const hostile = plays.flatMap(({ launchJwt }) =>
    [
      { tid: 'ten_\u0000' },
      { sid: '\u0000' },
      { aud: 'prv_\ud800' },
      { jti: 'x'.repeat(300) },
      { tid: 7, aud: ['a', 'b'], jti: {} },
      {},
    ].map((changes) => forge(launchJwt, changes)),
  )
  const [answers, refusals] = await Promise.all([
    Promise.all(plays.map((play) => show(play, play.launchJwt))),
    Promise.all(hostile.map((jwt) => show(plays[0]!, jwt))),
  ])
  expect(answers.map(({ status }) => status)).toEqual(plays.map(() => 200))
  expect(new Set(refusals.map(({ status, body }) => `${status} ${body.code}`))).toEqual(
    new Set(['401 launch_invalid']),
  )
})
