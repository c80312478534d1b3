/**
 * Forged JWTs against every route that takes one: none gets in, and none makes a 5xx.
 *
 * @module
 */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exampleBody, listOperations, type Operation, readDocument } from '../../test/contract/operations.ts'
import {
  type Answer,
  accessTokenOf,
  addProvider,
  addUser,
  startTestApi,
  type TestApi,
} from '../../test/harness.ts'
import { createMarket, type Market, openSession } from '../../test/play.ts'
import { unseal } from '../seal.ts'

type Part = Record<string, unknown>

let api: TestApi
let market: Market
let ours: KeyObject
let publicJwk: JsonWebKey
let kid: string
let operations: Operation[]
const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const foreignJwk = foreign.publicKey.export({ format: 'jwk' })

beforeAll(async () => {
  api = await startTestApi()
  market = await createMarket(api, { tokens: 1_000_000 })
  operations = listOperations(await readDocument(api))
  const [row] = await api.deps.db.batch.query<{ kid: string; sealed: Buffer; jwk: JsonWebKey }>(
    'select kid, private_jwk_encrypted as sealed, public_jwk as jwk from signing_keys',
  )
  kid = row!.kid
  publicJwk = row!.jwk
  const jwk = unseal(api.deps.config.keyEncryptionKey, row!.sealed, `signing_keys/${kid}`)
  ours = createPrivateKey({ key: JSON.parse(jwk), format: 'jwk' })
})
afterAll(() => api.close())

const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')
const decode = (jwt: string) =>
  jwt
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString())) as [Part, Part]

function make(
  header: Part,
  claims: Part,
  key: KeyObject = ours,
  dsaEncoding: 'ieee-p1363' | 'der' = 'ieee-p1363',
) {
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding }).toString('base64url')}`
}

function hmac(header: Part, claims: Part, secret: string | Buffer): string {
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** The curve's order, for the other signature that the same key and text have. */
const ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')
const fixed = (value: bigint) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')

/** Everything one can do to a genuine JWT without its key, and with other keys. */
function forge(jwt: string): Record<string, string> {
  const [header, claims] = decode(jwt)
  const [head, body, signature] = jwt.split('.') as [string, string, string]
  const publicKey = createPublicKey({ key: publicJwk, format: 'jwk' })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const der = publicKey.export({ type: 'spki', format: 'der' })
  const later = { ...claims, exp: Number(claims.exp) + 86_400 }
  const typs = ['launch+jwt', 'session+jwt', 'at+jwt', 'JWT', 'jwt', undefined].filter(
    (typ) => typ !== header.typ,
  )
  const raw = Buffer.from(signature, 'base64url')
  const forged: Record<string, string> = {
    'no signature, alg none': `${encode({ ...header, alg: 'none' })}.${body}.`,
    'alg None': `${encode({ ...header, alg: 'None' })}.${body}.`,
    'alg none with the signature': `${encode({ ...header, alg: 'none' })}.${body}.${signature}`,
    'no alg': make({ typ: header.typ, kid }, claims),
    'HS256 with the public key as PEM': hmac({ ...header, alg: 'HS256' }, claims, pem),
    'HS256 with the public key as DER': hmac({ ...header, alg: 'HS256' }, claims, der),
    'HS256 with the public JWK': hmac({ ...header, alg: 'HS256' }, claims, JSON.stringify(publicJwk)),
    'HS256 with x': hmac({ ...header, alg: 'HS256' }, claims, Buffer.from(publicJwk.x ?? '', 'base64url')),
    'HS256 with nothing': hmac({ ...header, alg: 'HS256' }, claims, ''),
    'ES384 in the header': make({ ...header, alg: 'ES384' }, claims),
    'RS256 in the header': make({ ...header, alg: 'RS256' }, claims),
    'alg is a list': make({ ...header, alg: ['ES256'] }, claims),
    'a foreign key under our kid': make(header, claims, foreign.privateKey),
    'a foreign key under its own kid': make({ ...header, kid: 'foreign' }, claims, foreign.privateKey),
    'a foreign key, brought as jwk': make({ ...header, jwk: foreignJwk }, claims, foreign.privateKey),
    'our key, with a jwk': make({ ...header, jwk: publicJwk }, claims),
    jku: make({ ...header, jku: 'https://evil.example/jwks.json' }, claims, foreign.privateKey),
    'our key, with a jku': make({ ...header, jku: 'http://localhost:4000/api/v1/keys/public' }, claims),
    x5u: make({ ...header, x5u: 'https://evil.example/cert.pem' }, claims, foreign.privateKey),
    x5c: make({ ...header, x5c: ['MIIB'] }, claims, foreign.privateKey),
    'crit of an unknown extension': make({ ...header, crit: ['exp'] }, claims),
    'crit with b64': make({ ...header, crit: ['b64'], b64: false }, claims),
    'crit that is empty': make({ ...header, crit: [] }, claims),
    'no kid': make({ alg: 'ES256', typ: header.typ }, claims),
    'kid of nobody': make({ ...header, kid: 'nobody' }, claims),
    'kid is a path': make({ ...header, kid: '../../../dev/null' }, claims),
    'kid is SQL': make({ ...header, kid: "' or 1=1 --" }, claims),
    'kid with a NUL': make({ ...header, kid: `${kid}\0` }, claims),
    'kid is a number': make({ ...header, kid: 7 }, claims),
    'kid is __proto__': make({ ...header, kid: '__proto__' }, claims),
    'kid is very long': make({ ...header, kid: 'k'.repeat(500) }, claims),
    'signature in DER': make(header, claims, ours, 'der'),
    'signature of zeros': `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`,
    'signature cut by a byte': `${head}.${body}.${raw.subarray(0, 63).toString('base64url')}`,
    'signature a byte longer': `${head}.${body}.${Buffer.concat([raw, Buffer.alloc(1)]).toString('base64url')}`,
    'r and s swapped': `${head}.${body}.${Buffer.concat([raw.subarray(32), raw.subarray(0, 32)]).toString('base64url')}`,
    'signature of another JWT': `${head}.${encode(later)}.${signature}`,
    'another iss': make(header, { ...claims, iss: 'https://evil.example' }),
    'no iss': make(header, { ...claims, iss: undefined }),
    'aud of users': make(header, { ...claims, aud: claims.aud === 'marketplace' ? 'users' : 'marketplace' }),
    'aud of all': make(header, { ...claims, aud: '*' }),
    'aud is empty': make(header, { ...claims, aud: [] }),
    'aud is a number': make(header, { ...claims, aud: 7 }),
    'no aud': make(header, { ...claims, aud: undefined }),
    'no exp': make(header, { ...claims, exp: undefined }),
    'exp is text': make(header, { ...claims, exp: '99999999999' }),
    'exp has passed': make(header, { ...claims, exp: Number(claims.iat) - 1 }),
    'nbf lies ahead': make(header, { ...claims, nbf: Number(claims.iat) + 3_600 }),
    'no tid': make(header, { ...claims, tid: undefined }),
    'no sub': make(header, { ...claims, sub: undefined }),
    'claims are a list': make(header, [claims] as unknown as Part),
    'claims are no JSON': `${head}.${Buffer.from('nothing').toString('base64url')}.${signature}`,
    'header is no JSON': `${Buffer.from('nothing').toString('base64url')}.${body}.${signature}`,
    'header is null': `${encode(null)}.${body}.${signature}`,
    'two parts': `${head}.${body}`,
    'four parts': `${jwt}.${signature}`,
    'five parts, as if encrypted': `${head}.${body}.${signature}.${body}.${signature}`,
    'only dots': '..',
    'base64 with padding': `${head}=.${body}=.${signature}=`,
    'plain base64 of a changed body': `${head}.${Buffer.from(JSON.stringify(later)).toString('base64')}.${signature}`,
  }
  for (const typ of typs) forged[`typ ${typ}`] = make({ ...header, typ }, claims)
  for (let at = 0; at < jwt.length; at += Math.ceil(jwt.length / 60)) {
    if (jwt[at] === '.') continue
    forged[`character ${at} changed`] =
      `${jwt.slice(0, at)}${jwt[at] === 'A' ? 'B' : 'A'}${jwt.slice(at + 1)}`
    forged[`cut at ${at}`] = jwt.slice(0, at + 1)
    forged[`character ${at} left out`] = jwt.slice(0, at) + jwt.slice(at + 1)
  }
  return forged
}

type Kind = 'sessionJwt' | 'accessToken'
type Door = { name: string; send(jwt: string): Promise<Answer> }

const SESSION_DOORS = [
  'GET /api/v1/sessions/{id}',
  ...['exposures', 'heartbeat', 'pause', 'resume', 'complete'].flatMap((verb) => [
    `POST /api/v1/sessions/{id}/${verb}`,
    `POST /api/v1/sessions/{id}/${verb} as text/plain`,
  ]),
]

/**
 * Every way in for a JWT of a kind, as the OpenAPI document has them: a route that is added is attacked by itself. By the header, and
 * for what a page being closed may send also in a body of text/plain.
 */
function doorsOf(kind: Kind, sessionId: string): Door[] {
  return operations.filter(takes(kind)).flatMap((operation) => {
    const { name, method, path, object } = operation
    const isOfSdk = path.startsWith('/api/v1/sessions/')
    const url = isOfSdk ? path.replace('{id}', sessionId) : operation.url
    const body = exampleBody(operation)
    const byHeader = { name, send: (token: string) => api.call(method, url, { token, body }) }
    const isForClosing = method === 'POST' && object['x-callers'].includes('session')
    if (!isForClosing) return [byHeader]
    const inside = (sessionJwt: string) =>
      api.call(method, url, {
        text: JSON.stringify({ ...body, sessionJwt }),
        headers: { 'content-type': 'text/plain' },
      })
    return [byHeader, { name: `${name} as text/plain`, send: inside }]
  })
}

const takes = (kind: Kind) => (operation: Operation) =>
  (operation.object.security ?? []).some((scheme) => kind in scheme)

/** Sends every forged JWT through a door; what was answered otherwise than with 401, or with 404 to a JWT that is genuine elsewhere. */
async function attack({ name, send }: Door, forged: Record<string, string>, elsewhere: string[] = []) {
  const answers = await Promise.all(
    Object.entries(forged).map(async ([what, jwt]) => ({ what, status: (await send(jwt)).status })),
  )
  return answers
    .filter(({ what, status }) => status !== (elsewhere.includes(what) ? 404 : 401))
    .map(({ what, status }) => `${name}, ${what}: ${status}`)
}

describe('no forged JWT', () => {
  const validate = (launchJwt: string, clientId = 'attacker_1') =>
    api.call('POST', '/api/v1/sessions/validate', { body: { launchJwt, clientId } })

  test('opens an app', async () => {
    const otherProviderId = await addProvider(api, { ownerId: market.user.id })
    const play = await openSession(market, { validate: false })
    const [header, claims] = decode(play.launchJwt)
    const forged = {
      ...forge(play.launchJwt),
      'aud of another provider': make(header, { ...claims, aud: otherProviderId }),
    }
    expect(Object.keys(forged).length).toBeGreaterThan(150)
    // The only route with a launch JWT in its body: another one has to be attacked here, too.
    const taking = operations.filter(({ body }) => body?.properties && 'launchJwt' in body.properties)
    expect(taking.map(({ name }) => name)).toEqual(['POST /api/v1/sessions/validate'])
    expect(await attack({ name: 'validate', send: validate }, forged)).toEqual([])
    // None of them spent it.
    expect((await validate(play.launchJwt, play.clientId)).status).toBe(200)
    // And once spent, no other client gets in with it.
    expect((await validate(play.launchJwt)).body.code).toBe('launch_already_used')
  })

  test('speaks for a session, on any route that takes a session JWT, in its header or as text/plain', async () => {
    const play = await openSession(market)
    const other = await openSession(market)
    const doors = doorsOf('sessionJwt', play.sessionId)
    expect(doors.map(({ name }) => name)).toEqual(expect.arrayContaining(SESSION_DOORS))
    const forged = {
      ...forge(play.sessionJwt),
      'the launch JWT': play.launchJwt,
      'of another session': other.sessionJwt,
    }
    const stranger = await addUser(api)
    for (const door of doors) {
      const token = { 'access token of a stranger': stranger.token }
      // There a user's access token is none of the wrong kind: their sessions are found, and this is not one of them.
      const isForUsers = door.name.includes('/complete')
      const elsewhere = ['of another session', ...(isForUsers ? Object.keys(token) : [])]
      expect(await attack(door, { ...forged, ...token }, elsewhere)).toEqual([])
    }
    expect((await play.read()).body.session).toMatchObject({ status: 'active', sequence: 0, usedMs: 0 })
    // The doors themselves are open to the genuine one.
    for (const { name, send } of doors)
      expect([name, [401, 404].includes((await send(play.sessionJwt)).status)]).toEqual([name, false])
  })

  test('is a user, on any route that takes an access token', async () => {
    const play = await openSession(market)
    const genuine = await accessTokenOf(api, market.user.id)
    const [header, claims] = decode(genuine)
    const doors = doorsOf('accessToken', play.sessionId)
    expect(doors.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'GET /tokens/balance',
        'GET /providers/{id}/sessions/live',
        'POST /api/v1/sessions/{id}/complete',
        'POST /api/v1/sessions/{id}/complete as text/plain',
      ]),
    )
    const forged = {
      ...forge(genuine),
      'a launch JWT': play.launchJwt,
      'aud of a provider': make(header, { ...claims, aud: market.providerId }),
    }
    const withSession = { ...forged, 'a session JWT': play.sessionJwt }
    // Where a session's app may call, too, its session JWT is no forged one.
    const isOfSdk = (name: string) => name.includes('/api/v1/sessions/')
    for (const door of doors)
      expect(await attack(door, isOfSdk(door.name) ? forged : withSession)).toEqual([])
    expect((await play.read()).body.session).toMatchObject({ status: 'active' })
    for (const { name, send } of doors)
      expect([name, (await send(await accessTokenOf(api, market.user.id))).status]).not.toEqual([name, 401])
  }, 60_000)

  test('is kept from a cache of genuine ones, nor outlives its exp there', async () => {
    const genuine = await accessTokenOf(api, market.user.id)
    expect((await api.call('GET', '/tokens/balance', { token: genuine })).status).toBe(200)
    const [head, body, signature] = genuine.split('.')
    const [, claims] = decode(genuine)
    const stretched = `${head}.${encode({ ...claims, exp: Number(claims.exp) + 900 })}.${signature}`
    expect((await api.call('GET', '/tokens/balance', { token: stretched })).status).toBe(401)
    expect(
      (await api.call('GET', '/tokens/balance', { token: `${head}.${body}.${'A'.repeat(86)}` })).status,
    ).toBe(401)
    api.clock.advance({ seconds: 901 })
    expect((await api.call('GET', '/tokens/balance', { token: genuine })).status).toBe(401)
  })
})

test('the second signature that ECDSA always has is worth no second use of a launch', async () => {
  const play = await openSession(market)
  const [head, body, signature] = play.launchJwt.split('.') as [string, string, string]
  const raw = Buffer.from(signature, 'base64url')
  const s = ORDER - BigInt(`0x${raw.subarray(32).toString('hex')}`)
  const twin = `${head}.${body}.${Buffer.concat([raw.subarray(0, 32), fixed(s)]).toString('base64url')}`
  const answer = await api.call('POST', '/api/v1/sessions/validate', {
    body: { launchJwt: twin, clientId: 'attacker_1' },
  })
  expect(answer.body.code).toBe('launch_already_used')
})
