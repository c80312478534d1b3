import { generateKeyPairSync } from 'node:crypto'
import { decodeProtectedHeader, exportJWK, SignJWT } from 'jose'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { connectAs, createTestDatabase } from '../../test/database.ts'
import { createTestClock, type TestClock } from '../../test/harness.ts'
import { ConfigError } from '../config.ts'
import { connect, type Db } from '../db.ts'
import { addSigningKey, createKeyRing, JwtRefused, type JwtType, type KeyRing } from './key-ring.ts'

const issuer = 'https://api.example.com'
const keyEncryptionKey = Buffer.alloc(32, 7)

let database: Awaited<ReturnType<typeof createTestDatabase>>
let db: Db
let clock: TestClock
let keys: KeyRing

const openRing = (name = issuer) => createKeyRing({ db, clock: clock.now, issuer: name, keyEncryptionKey })
const rotate = () => db.inBatch((tx) => addSigningKey(tx, { keyEncryptionKey, now: clock.now() }))

beforeEach(async () => {
  database = await createTestDatabase()
  db = connect({ databaseUrl: database.url })
  clock = createTestClock()
  keys = await openRing()
})
afterEach(async () => {
  await db.end()
  await database.drop()
})

const seconds = () => Math.floor(clock.now().getTime() / 1000)
const claims = (lifeSeconds = 900) => ({
  sub: 'usr_1',
  aud: 'marketplace',
  tid: 'ten_1',
  iat: seconds(),
  exp: seconds() + lifeSeconds,
})
const kidOf = (jwt: string) => decodeProtectedHeader(jwt).kid

/** What another instance says of it, which knows the keys and nothing of what was signed here. */
async function refusal(jwt: string, typ: 'at+jwt' | 'session+jwt' = 'at+jwt', audience = 'marketplace') {
  return refusalBy(await openRing(), jwt, typ, audience)
}

function refusalBy(ring: KeyRing, jwt: string, typ: JwtType = 'at+jwt', audience = 'marketplace') {
  return ring.verify(jwt, typ, audience).then(
    () => 'accepted',
    (error) => {
      expect(error).toBeInstanceOf(JwtRefused)
      return error.reason
    },
  )
}

test('what is signed here verifies here and on another instance', async () => {
  const jwt = await keys.sign('at+jwt', claims())
  expect(await keys.verify(jwt, 'at+jwt', 'marketplace')).toMatchObject({ iss: issuer, sub: 'usr_1' })
  expect(await (await openRing()).verify(jwt, 'at+jwt', 'marketplace')).toMatchObject({ sub: 'usr_1' })
})

test('instances that start first at once agree on one key', async () => {
  await db.batch.query('update signing_keys set published_until = $1', [clock.now()])
  const rings = await Promise.all([openRing(), openRing(), openRing()])
  const kids = new Set(rings.flatMap((ring) => ring.publicKeys().map(({ kid }) => kid)))
  expect(kids.size).toBe(1)
})

test('the published set holds public parts only, the stored private key is sealed', async () => {
  expect(keys.publicKeys()).toEqual([
    {
      kty: 'EC',
      crv: 'P-256',
      alg: 'ES256',
      use: 'sig',
      kid: expect.any(String),
      x: expect.any(String),
      y: expect.any(String),
    },
  ])
  const [row] = await db.batch.query<{ sealed: Buffer; text: string }>(
    'select private_jwk_encrypted as sealed, k::text as text from signing_keys k',
  )
  expect(row!.sealed.toString('latin1')).not.toContain('"d"')
  expect(row!.text).not.toContain('"d"')
})

const openForeignRing = (also: Buffer[] = []) => {
  const foreign = Buffer.alloc(32, 8)
  const openingKeys = [foreign, ...also]
  return createKeyRing({ db, clock: clock.now, issuer, keyEncryptionKey: foreign, openingKeys })
}

test('who cannot open the key that signs, or the one that will, is refused at once', async () => {
  await expect(openForeignRing()).rejects.toThrow(ConfigError)
  await (await openForeignRing([keyEncryptionKey])).sign('at+jwt', claims())
  await db.inBatch((tx) => addSigningKey(tx, { keyEncryptionKey: Buffer.alloc(32, 8), now: clock.now() }))
  await expect(openForeignRing()).rejects.toThrow(ConfigError)
  await expect(openRing()).rejects.toThrow(ConfigError)
  // Its time has come: the first one is published still, and signs no more.
  clock.advance({ minutes: 10 })
  const ring = await openForeignRing()
  expect(ring.publicKeys()).toHaveLength(2)
  await ring.sign('at+jwt', claims())
})

test('of instances that start first at once with two keys those with one of them go on', async () => {
  await db.batch.query('update signing_keys set published_until = $1', [clock.now()])
  const rings = await Promise.allSettled([openRing(), openForeignRing(), openRing(), openForeignRing()])
  expect(rings.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected'])
})

test('a new key is published ten minutes before it signs, and what the old one signed stays good', async () => {
  const day = 24 * 3_600
  const [oldKid] = keys.publicKeys().map(({ kid }) => kid)
  const before = await keys.sign('session+jwt', claims(day))
  const { kid: newKid, signsFrom } = await rotate()
  expect(signsFrom.getTime() - clock.now().getTime()).toBe(600_000)
  await keys.reload()
  expect(new Set(keys.publicKeys().map(({ kid }) => kid))).toEqual(new Set([oldKid, newKid]))

  clock.advance({ minutes: 9, seconds: 59 })
  const last = await keys.sign('session+jwt', claims(day))
  expect(kidOf(last)).toBe(oldKid)
  clock.advance({ seconds: 1 })
  expect(kidOf(await keys.sign('session+jwt', claims(day)))).toBe(newKid)

  clock.advance({ hours: 23, minutes: 59 })
  await keys.reload()
  for (const jwt of [last, before]) {
    const isOver = jwt === before
    expect(await refusal(jwt, 'session+jwt')).toBe(isOver ? 'expired' : 'accepted')
  }
  clock.advance({ hours: 1, minutes: 1 })
  await keys.reload()
  expect(keys.publicKeys().map(({ kid }) => kid)).toEqual([newKid])
})

test('two rotations in a row leave nothing unsigned and nothing unverifiable', async () => {
  const first = await keys.sign('at+jwt', claims())
  await rotate()
  clock.advance({ minutes: 1 })
  const { kid } = await rotate()
  await keys.reload()
  expect(kidOf(await keys.sign('at+jwt', claims()))).toBe(kidOf(first))
  clock.advance({ minutes: 10 })
  expect(kidOf(await keys.sign('at+jwt', claims()))).toBe(kid)
  expect(await refusal(first)).toBe('accepted')
  expect(keys.publicKeys()).toHaveLength(3)
})

test('two rotations at once, in whatever order they commit, leave nothing unverifiable', async () => {
  const early = clock.now()
  clock.advance({ ms: 5 })
  await rotate()
  await db.inBatch((tx) => addSigningKey(tx, { keyEncryptionKey, now: early }))
  for (let hours = 0; hours < 50; hours += 5) {
    await keys.reload()
    const jwt = await keys.sign('session+jwt', claims(24 * 3_600))
    clock.advance({ hours: 23, minutes: 59 })
    expect(await refusal(jwt, 'session+jwt')).toBe('accepted')
    // Back to five hours after it was signed.
    clock.advance({ hours: -18, minutes: -59 })
  }
})

test('a key that is not published any more verifies nothing, also not again what it had verified', async () => {
  // As whoever stole the private key would write it, and show it again and again.
  const forged = await keys.sign('at+jwt', claims(1_000 * 3_600))
  const elsewhere = await openRing()
  await rotate()
  for (let hours = 0; hours < 25; hours += 1) {
    expect(await refusalBy(elsewhere, forged)).toBe('accepted')
    clock.advance({ hours: 1 })
    await elsewhere.reload()
  }
  const good = await elsewhere.sign('at+jwt', claims())
  clock.advance({ minutes: 11 })
  for (const ring of [keys, elsewhere]) {
    await ring.reload()
    expect(await refusalBy(ring, forged)).toBe('invalid')
    expect(await refusalBy(ring, good)).toBe('accepted')
  }
})

test('where the newest key was deleted, the one before signs nothing that outlives it', async () => {
  const { kid } = await rotate()
  clock.advance({ hours: 20 })
  const last = await rotate()
  const owner = await connectAs(database.url)
  await owner.query('delete from signing_keys where kid = $1', [kid])
  await owner.end()
  await keys.reload()
  const jwt = await keys.sign('session+jwt', claims(24 * 3_600))
  expect(kidOf(jwt)).toBe(last.kid)
  clock.advance({ hours: 23, minutes: 59 })
  expect(await refusal(jwt, 'session+jwt')).toBe('accepted')
})

test('a JWT is not refused because the database, which may know its key, is away', async () => {
  const unknown = await new SignJWT(claims())
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'made-elsewhere' })
    .sign(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    const other = connect({ databaseUrl: database.url })
    const ring = await createKeyRing({ db: other, clock: clock.now, issuer, keyEncryptionKey })
    await other.end()
    vi.advanceTimersByTime(6_000)
    await expect(ring.verify(unknown, 'at+jwt', 'marketplace')).rejects.not.toBeInstanceOf(JwtRefused)
  } finally {
    vi.useRealTimers()
  }
})

test('a JWT is good for its own purpose and audience only', async () => {
  const jwt = await keys.sign('at+jwt', claims())
  expect(await refusal(jwt)).toBe('accepted')
  expect(await refusal(jwt, 'session+jwt')).toBe('invalid')
  expect(await refusal(jwt, 'at+jwt', 'prv_1')).toBe('invalid')
})

test('a JWT ends to the second, also one that was verified before', async () => {
  const jwt = await keys.sign('at+jwt', claims(60))
  const other = await openRing()
  for (const ring of [keys, other]) expect(await refusalBy(ring, jwt)).toBe('accepted')
  clock.advance({ seconds: 59 })
  for (const ring of [keys, other]) expect(await refusalBy(ring, jwt)).toBe('accepted')
  clock.advance({ seconds: 1 })
  for (const ring of [keys, other, await openRing()]) expect(await refusalBy(ring, jwt)).toBe('expired')
})

test.each([
  'launch+jwt',
  'session+jwt',
  'at+jwt',
] as const)('a %s that was signed here is believed here to the byte, for its own purpose and audience', async (typ) => {
  const jwt = await keys.sign(typ, claims(60))
  expect(await refusalBy(keys, jwt, typ)).toBe('accepted')
  expect(await refusalBy(keys, jwt, typ, 'prv_1')).toBe('invalid')
  for (const other of (['launch+jwt', 'session+jwt', 'at+jwt'] as const).filter((one) => one !== typ))
    expect(await refusalBy(keys, jwt, other)).toBe('invalid')
  // The two bits of the signature in its last letter.
  for (const last of ['A', 'Q', 'g', 'w'].filter((letter) => !jwt.endsWith(letter)))
    expect(await refusalBy(keys, jwt.slice(0, -1) + last, typ)).toBe('invalid')
  expect(await refusalBy(keys, `${jwt}=`, typ)).toBe('invalid')
  clock.advance({ seconds: 60 })
  expect(await refusalBy(keys, jwt, typ)).toBe('expired')
})

test('a JWT of an instance whose clock is half a minute ahead is good', async () => {
  const ahead = (by: number) => keys.sign('at+jwt', { ...claims(), nbf: seconds() + by })
  expect(await refusal(await ahead(29))).toBe('accepted')
  expect(await refusal(await ahead(60))).toBe('invalid')
})

test.each(['exp', 'sub', 'tid'])('a JWT without %s is refused', async (name) => {
  expect(await refusal(await keys.sign('at+jwt', { ...claims(), [name]: undefined }))).toBe('invalid')
})

test('forged and foreign JWTs are refused', async () => {
  const jwt = await keys.sign('at+jwt', claims())
  const kid = kidOf(jwt)!
  const [header, payload, signature] = jwt.split('.') as [string, string, string]
  const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = await exportJWK(foreign.publicKey)
  const signForeign = (more: object) =>
    new SignJWT({ iss: issuer, ...claims() })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', ...more })
      .sign(foreign.privateKey)
  const forged = {
    'the payload changed': `${header}.${base64({ ...claims(), sub: 'usr_2' })}.${signature}`,
    'no algorithm': `${base64({ alg: 'none', typ: 'at+jwt', kid })}.${payload}.`,
    'the public key as a shared secret': await new SignJWT({ iss: issuer, ...claims() })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid })
      .sign(Buffer.from(JSON.stringify(keys.publicKeys()[0]))),
    'a key of its own under our kid': await signForeign({ kid }),
    'a key in the header': await signForeign({ kid, jwk }),
    'a key elsewhere': await signForeign({ kid, jku: 'https://evil.example/jwks.json' }),
    'a certificate elsewhere': await signForeign({ kid, x5u: 'https://evil.example/x.pem' }),
    'an unknown kid': await signForeign({ kid: 'unknown' }),
    'no kid': await signForeign({}),
    'another issuer': await (await openRing('https://evil.example')).sign('at+jwt', claims()),
    'no JWT': 'abc',
    nothing: '',
  }
  for (const [how, token] of Object.entries(forged)) {
    expect([how, await refusal(token)]).toEqual([how, 'invalid'])
  }
  expect(await refusal(jwt)).toBe('accepted')
})
