/**
 * The signing keys this instance knows: one that signs, several that verify.
 *
 * @module
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'
import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  exportJWK,
  type JWK,
  type JWTPayload,
  jwtVerify,
} from 'jose'
import { assert } from '../assert.ts'
import type { Clock } from '../clock.ts'
import { ConfigError } from '../config.ts'
import type { Db, Tx } from '../db.ts'
import { seal, unseal } from '../seal.ts'
import { Recent } from './recent.ts'
import { signEs256 } from './sign-es256.ts'

export type JwtType = 'launch+jwt' | 'session+jwt' | 'at+jwt'

export interface PublicJwk {
  kty: string
  crv: string
  x: string
  y: string
  kid: string
  use: 'sig'
  alg: 'ES256'
}

export interface KeyRing {
  sign(typ: JwtType, claims: JWTPayload): Promise<string>
  /**
   * The claims of a JWT of ours, or why not.
   *
   * @throws {JwtRefused}
   */
  verify(jwt: string, typ: JwtType, audience?: string): Promise<JWTPayload>
  /**
   * What a JWT says, unverified: for who keeps the digests of those we signed. Nothing where it says what ours do not, is out
   * of time, or was signed or verified here, so that `verify` has the answer at hand.
   */
  readUnverified(jwt: string, typ: JwtType): Promise<JWTPayload | undefined>
  publicKeys(): PublicJwk[]
  /** Looks whether the key set changed. Every instance does so once a minute and on a key it does not know. */
  reload(): Promise<void>
}

export class JwtRefused extends Error {
  override name = 'JwtRefused'
  readonly reason: 'invalid' | 'expired'
  /** Of an expired one, whose signature was good. */
  readonly claims: JWTPayload | undefined
  constructor(reason: 'invalid' | 'expired', why: string, claims?: JWTPayload) {
    super(why)
    this.reason = reason
    this.claims = claims
  }
}

interface SigningKeyRow {
  kid: string
  publicJwk: JWK
  privateJwkEncrypted: Buffer
  signsFrom: Date
  publishedUntil: Date | null
}

/** Instances' clocks may differ by this much: a JWT signed a moment ahead is still good. */
const CLOCK_TOLERANCE_SECONDS = 30
/** A key is published this long before it signs, longer than any cache keeps the key set. */
export const KEY_LEAD_MINUTES = 10
/** After its last signature a key stays published as long as the longest-lived JWT, and a little. */
const KEY_AFTERLIFE_HOURS = 25
/** How often an unknown `kid` may make us look into the database. */
const RELOAD_PAUSE_MS = 5_000
/**
 * Half of it is enough for every session that one process can keep alive, and for what it launches in the two minutes that a
 * launch lives; an entry is about a third of a kilobyte.
 */
const TRUSTED_MAX: Record<JwtType, number> = {
  'launch+jwt': 40_000,
  'session+jwt': 500_000,
  'at+jwt': 250_000,
}

const createTrusted = () => ({
  'launch+jwt': new Recent<JWTPayload>(TRUSTED_MAX['launch+jwt']),
  'session+jwt': new Recent<JWTPayload>(TRUSTED_MAX['session+jwt']),
  'at+jwt': new Recent<JWTPayload>(TRUSTED_MAX['at+jwt']),
})

/** What a private key is sealed for. */
export const signingKeyPlace = (kid: string) => `signing_keys/${kid}`

/** @throws {ConfigError} when the keys of the database were sealed with another `KEY_ENCRYPTION_KEY`. */
export async function createKeyRing(input: {
  db: Db
  clock: Clock
  issuer: string
  keyEncryptionKey: Buffer
  /** What private keys open with; only the one that seals when left out. */
  openingKeys?: readonly Buffer[]
}): Promise<KeyRing> {
  const { db, clock, issuer, keyEncryptionKey, openingKeys = [keyEncryptionKey] } = input
  let rows: SigningKeyRow[] = []
  let loadedAt = Number.NEGATIVE_INFINITY
  const privateKeys = new Map<string, KeyObject>()
  const publicKeys = new Map<string, KeyObject>()
  // Verifying costs more than the rest of a beat. Keyed by the hash of the whole JWT, so only the very bytes that
  // were verified, or signed here, are found; `exp` is judged on every use.
  let trusted = createTrusted()
  const intern = createInterner()

  function trust(typ: JwtType, digest: string, claims: JWTPayload): void {
    const { aud = '', tid } = claims
    trusted[typ].set(digest, { ...claims, iss: issuer, aud: intern(aud), tid: intern(tid) })
  }

  async function reload() {
    const before = rows
    rows = await db.batch.query<SigningKeyRow>(listKeysSql, [clock()])
    if (rows.length === 0) {
      await db.inBatch((tx) => addSigningKey(tx, { keyEncryptionKey, now: clock(), isFirst: true }))
      rows = await db.batch.query<SigningKeyRow>(listKeysSql, [clock()])
    }
    loadedAt = performance.now()
    // Whoever had the private key of one that is gone could have dated a JWT as they liked. Rare, and verifying again is cheap.
    if (before.some(({ kid }) => !rows.some((row) => row.kid === kid))) trusted = createTrusted()
  }

  function privateKeyOf({ kid, privateJwkEncrypted }: SigningKeyRow): KeyObject {
    let key = privateKeys.get(kid)
    if (!key) {
      const jwk = JSON.parse(unseal(openingKeys, privateJwkEncrypted, signingKeyPlace(kid))) as JsonWebKey
      key = createPrivateKey({ key: jwk, format: 'jwk' })
      privateKeys.set(kid, key)
    }
    return key
  }

  function publicKeyOf({ kid, publicJwk }: SigningKeyRow): KeyObject {
    let key = publicKeys.get(kid)
    if (!key) {
      key = createPublicKey({ key: publicJwk as JsonWebKey, format: 'jwk' })
      publicKeys.set(kid, key)
    }
    return key
  }

  async function findKey(kid: string) {
    let row = rows.find((candidate) => candidate.kid === kid)
    if (!row && performance.now() - loadedAt > RELOAD_PAUSE_MS) {
      await reload()
      row = rows.find((candidate) => candidate.kid === kid)
    }
    return row
  }

  /**
   * The newest key whose time has come, of those that stay published for as long as the JWT lives. Nearly always that is the
   * newest there is: but of two rotations at once either may commit last, and a row may be deleted by hand.
   */
  function keyToSign(now: number, expiresAt: number): SigningKeyRow | undefined {
    const lasting = rows.filter(
      ({ publishedUntil }) => publishedUntil === null || publishedUntil.getTime() > expiresAt,
    )
    const candidates = lasting.length > 0 ? lasting : rows
    return candidates.find(({ signsFrom }) => signsFrom.getTime() <= now) ?? candidates.at(-1)
  }

  /** Those that sign now or will. The older ones only verify, which takes their public part. */
  function refuseForeignKeys() {
    const signing = keyToSign(clock().getTime(), 0)
    assert(signing, 'there is a signing key')
    try {
      rows.slice(0, rows.indexOf(signing) + 1).forEach(privateKeyOf)
    } catch {
      throw new ConfigError(
        'KEY_ENCRYPTION_KEY does not open the signing keys of this database: they were sealed with another one. Set that one ' +
          '(unset, it is in the file key-encryption-key of DATA_DIR), or also that one as KEY_ENCRYPTION_KEY_ALSO: ' +
          'see docs/operations/changing-the-key.md.',
      )
    }
  }

  await reload()
  refuseForeignKeys()
  return {
    reload,
    publicKeys: () =>
      rows.map(({ kid, publicJwk: { kty, crv, x, y } }) => ({
        kty: kty ?? '',
        crv: crv ?? '',
        x: x ?? '',
        y: y ?? '',
        kid,
        use: 'sig',
        alg: 'ES256',
      })),
    async sign(typ, claims) {
      const now = clock().getTime()
      const row = keyToSign(now, (claims.exp ?? 0) * 1000)
      assert(row, 'there is a signing key')
      // Signed by node:crypto directly: jose takes a turn of the thread pool for each, and there is nothing to judge in
      // what we write ourselves (RFC 7515, 7.1).
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const text = `${part({ alg: 'ES256', typ, kid: row.kid })}.${part({ ...claims, iss: issuer })}`
      const jwt = `${text}.${signEs256(text, privateKeyOf(row)).toString('base64url')}`
      // What was signed here needs no proof when it comes back here. Another instance verifies it, or knows its digest.
      trust(typ, digestOf(jwt), claims)
      return jwt
    },
    async verify(jwt, typ, audience) {
      const now = clock()
      const digest = digestOf(jwt)
      const known = trusted[typ].get(digest)
      if (known && (audience === undefined || known.aud === audience)) {
        if ((known.exp ?? 0) * 1000 <= now.getTime()) throw new JwtRefused('expired', 'exp has passed', known)
        return known
      }
      const began = trusted
      const claims = await verifyOnce(jwt, typ, audience, now)
      // A launch JWT is used once. And its key may be gone by now.
      if (typ !== 'launch+jwt' && began === trusted) trust(typ, digest, claims)
      return claims
    },
    async readUnverified(jwt, typ) {
      if (trusted[typ].get(digestOf(jwt))) return undefined
      const said = decode(jwt)
      if (said?.header.alg !== 'ES256' || said.header.typ !== typ || said.claims.iss !== issuer)
        return undefined
      const { exp = 0, nbf = 0 } = said.claims
      const now = clock().getTime() / 1000
      if (!(exp > now && nbf <= now + CLOCK_TOLERANCE_SECONDS)) return undefined
      return (await findKey(String(said.header.kid))) && said.claims
    },
  }

  async function verifyOnce(jwt: string, typ: JwtType, audience: string | undefined, now: Date) {
    // Looking for a key may fail for what is no fault of the JWT: that is thrown as it is, and asked again.
    const row = await findKey(kidOf(jwt))
    if (!row) throw new JwtRefused('invalid', 'the kid is not ours')
    try {
      const { payload } = await jwtVerify(jwt, publicKeyOf(row), {
        algorithms: ['ES256'],
        typ,
        issuer,
        ...(audience === undefined ? {} : { audience }),
        requiredClaims: ['exp', 'sub', 'tid'],
        // `exp` is judged below, to the second; the tolerance is for `nbf` and `iat` of an instance whose clock is ahead.
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: now,
      })
      if ((payload.exp ?? 0) * 1000 <= now.getTime()) {
        throw new JwtRefused('expired', 'exp has passed', payload)
      }
      return payload
    } catch (error) {
      if (error instanceof JwtRefused) throw error
      if (error instanceof errors.JWTExpired) throw new JwtRefused('expired', error.message, error.payload)
      throw new JwtRefused('invalid', (error as Error).message)
    }
  }
}

function decode(jwt: string) {
  try {
    return { header: decodeProtectedHeader(jwt), claims: decodeJwt(jwt) }
  } catch {
    return undefined
  }
}

/** Which of our keys a JWT names. @throws {JwtRefused} */
function kidOf(jwt: string): string {
  let header: ReturnType<typeof decodeProtectedHeader>
  try {
    header = decodeProtectedHeader(jwt)
  } catch (error) {
    throw new JwtRefused('invalid', (error as Error).message)
  }
  // Keys come from our own set alone; a header that points elsewhere is an attack (RFC 8725, 3.10).
  if (header.jwk || header.jku || header.x5u || header.x5c || header.crit) {
    throw new JwtRefused('invalid', 'the header brings a key or an extension')
  }
  if (typeof header.kid !== 'string') throw new JwtRefused('invalid', 'the kid is not ours')
  return header.kid
}

const digestOf = (jwt: string) => hash('sha256', jwt, 'binary')

/** The SHA-256 of a JWT's very bytes: who has it, has nothing to show. */
export const digestJwt = (jwt: string) => hash('sha256', jwt, 'buffer')

/** Makes equal texts one: thousands of sessions name the same tenant and provider. */
function createInterner(): <T>(value: T) => T {
  const known = new Map<unknown, unknown>()
  return <T>(value: T): T => {
    if (typeof value !== 'string') return value
    if (known.size > 10_000) known.clear()
    if (!known.has(value)) known.set(value, value)
    return known.get(value) as T
  }
}

const listKeysSql = `
  select kid, public_jwk as "publicJwk", private_jwk_encrypted as "privateJwkEncrypted",
    signs_from as "signsFrom", published_until as "publishedUntil"
  from signing_keys
  where published_until is null or published_until > $1
  order by signs_from desc, kid`

/**
 * Adds a key that signs after the lead time and lets the older ones fade out. Running sessions keep verifying:
 * a key stays published longer than any JWT it signed lives.
 */
export async function addSigningKey(
  tx: Tx,
  { keyEncryptionKey, now, isFirst = false }: { keyEncryptionKey: Buffer; now: Date; isFirst?: boolean },
): Promise<{ kid: string; signsFrom: Date }> {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicJwk = await exportJWK(pair.publicKey)
  const kid = createHash('sha256').update(`${publicJwk.x}.${publicJwk.y}`).digest('base64url').slice(0, 16)
  const signsFrom = isFirst ? now : new Date(now.getTime() + KEY_LEAD_MINUTES * 60_000)
  const fadesAt = new Date(signsFrom.getTime() + KEY_AFTERLIFE_HOURS * 3_600_000)
  const sealed = seal(
    keyEncryptionKey,
    JSON.stringify(await exportJWK(pair.privateKey)),
    signingKeyPlace(kid),
  )
  // Serialises rotations, and makes two instances that start first agree on one key.
  await tx.query('select pg_advisory_xact_lock(7305004002)')
  if (isFirst) {
    const [existing] = await tx.query<{ kid: string; signsFrom: Date }>(
      'select kid, signs_from as "signsFrom" from signing_keys where published_until is null limit 1',
    )
    if (existing) return existing
  }
  await tx.query('update signing_keys set published_until = $1 where published_until is null', [fadesAt])
  await tx.query(
    `insert into signing_keys (kid, public_jwk, private_jwk_encrypted, created_at, signs_from)
     values ($1, $2, $3, $4, $5)`,
    [kid, publicJwk, sealed, now, signsFrom],
  )
  return { kid, signsFrom }
}
