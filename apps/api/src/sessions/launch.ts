import { createHash, randomBytes } from 'node:crypto'
import { Type } from '@fastify/type-provider-typebox'
import { Instant, Shape } from '../http/schema.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { LAUNCH_SECONDS, SESSION_LIFE_MS, Session } from './session.ts'

/** What opens an app: the session and the way into it. */
export const Launched = Shape({
  session: Session,
  launchJwt: Type.String({
    description: 'Opens the app, once, within 120 s. Keep it out of logs.',
    examples: ['eyJhbGciOiJFUzI1NiIsInR5cCI6ImxhdW5jaCtqd3QifQ.e30.c2ln'],
  }),
  launchUrl: Type.String({
    description: 'Where to send the user: the app with the launch JWT in it.',
    examples: ['https://app.example/?launch_jwt=eyJhbGciOiJFUzI1NiJ9.e30.c2ln'],
  }),
  launchExpiresAt: Instant('Until when the launch JWT can be spent.'),
})

/** A new one-use name for a launch JWT. */
export const createJti = () => randomBytes(16).toString('base64url')

const seconds = (at: Date) => Math.floor(at.getTime() / 1000)

/** To the second, as the JWT says it. */
export const launchExpiry = (now: Date) => new Date((seconds(now) + LAUNCH_SECONDS) * 1000)

/** The user as one provider knows them: stable there, and unlike what any other provider sees. */
export function userRefOf(referenceSalt: Buffer, providerId: string): string {
  const digest = createHash('sha256').update(referenceSalt).update('\0').update(providerId).digest('hex')
  return `ref_${digest.slice(0, 32)}`
}

interface Subject {
  tenantId: string
  sessionId: string
  providerId: string
  userRef: string
}

export function signLaunchJwt(keys: KeyRing, subject: Subject & { jti: string; now: Date }): Promise<string> {
  const { tenantId, sessionId, providerId, userRef, jti, now } = subject
  return keys.sign('launch+jwt', {
    aud: providerId,
    sub: userRef,
    jti,
    sid: sessionId,
    tid: tenantId,
    iat: seconds(now),
    nbf: seconds(now),
    exp: seconds(launchExpiry(now)),
  })
}

/** Good for as long as the session can live; the database decides what is live. */
export function signSessionJwt(
  keys: KeyRing,
  subject: Subject & { clientId: string; createdAt: Date; now: Date },
): Promise<string> {
  const { tenantId, sessionId, providerId, userRef, clientId, createdAt, now } = subject
  return keys.sign('session+jwt', {
    aud: providerId,
    sub: userRef,
    sid: sessionId,
    tid: tenantId,
    cid: clientId,
    iat: seconds(now),
    exp: seconds(new Date(createdAt.getTime() + SESSION_LIFE_MS)),
  })
}

/**
 * The provider's address with the launch JWT in the query, or in the fragment where the provider chose so. Their own query
 * stays as they wrote it; a `launch_jwt` of its own is refused where they give the address.
 */
export function launchUrlOf(
  provider: { launchUrl: string; launchInFragment: boolean },
  launchJwt: string,
): string {
  const url = new URL(provider.launchUrl)
  if (provider.launchInFragment) url.hash = `launch_jwt=${launchJwt}`
  // Not by `searchParams`, which writes all of the query anew: spaces, signs and what is not UTF-8 would come out as others.
  else url.search += `${url.search && '&'}launch_jwt=${launchJwt}`
  return url.toString()
}
