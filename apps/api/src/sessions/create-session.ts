import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { createId } from '../id.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { placeHold } from '../ledger/place-hold.ts'
import { createJti, launchExpiry, launchUrlOf, signLaunchJwt, userRefOf } from './launch.ts'
import { type SessionRow, sessionColumns } from './session.ts'

export interface Launch {
  session: SessionRow
  launchJwt: string
  launchUrl: string
  launchExpiresAt: string
}

export interface OpenedProvider {
  launchUrl: string
  launchInFragment: boolean
  tokensPerMinute: number
  referenceSalt: Buffer
}

interface Opening {
  tenantId: string
  userId: string
  providerId: string
  durationMinutes: number
  feeBasisPoints: number
  keys: KeyRing
  now: Date
}

/**
 * Reserves the session's full price and makes the launch JWT that opens it. Time starts at the first validate.
 *
 * The JWT is signed before the wallet is locked. A provider that is suspended at this very moment is met again at
 * validate, which refuses.
 *
 * @throws {Problem} `provider_not_found`, `insufficient_tokens`
 */
export async function createSession(tx: Tx, input: Opening): Promise<Launch> {
  const [provider] = await tx.query<OpenedProvider>(findProviderSql, [input.providerId, input.userId])
  if (!provider) throw new Problem('provider_not_found')
  return openSession(tx, { ...input, provider, isTest: false })
}

/**
 * The session itself, with whatever provider the caller found to be right.
 *
 * @throws {Problem} `insufficient_tokens`
 */
export async function openSession(
  tx: Tx,
  input: Opening & { provider: OpenedProvider; isTest: boolean },
): Promise<Launch> {
  const { tenantId, userId, providerId, provider, durationMinutes, feeBasisPoints, keys, isTest, now } = input
  const sessionId = createId('ses', now)
  const jti = createJti()
  const userRef = userRefOf(provider.referenceSalt, providerId)
  const launchJwt = await signLaunchJwt(keys, { tenantId, sessionId, providerId, userRef, jti, now })
  const price = provider.tokensPerMinute * durationMinutes
  // A test asks nothing of the wallet, not even whether it may spend.
  if (!isTest) await placeHold(tx, { walletId: userId, reference: sessionId, amount: price, now })
  const [session] = await tx.query<SessionRow>(createSessionSql, [
    sessionId,
    userId,
    providerId,
    userRef,
    durationMinutes * 60_000,
    provider.tokensPerMinute,
    feeBasisPoints,
    price,
    jti,
    launchExpiry(now),
    now,
    isTest,
  ])
  return {
    session: session as SessionRow,
    launchJwt,
    launchUrl: launchUrlOf(provider, launchJwt),
    launchExpiresAt: launchExpiry(now).toISOString(),
  }
}

const findProviderSql = `
  select p.launch_url as "launchUrl", p.launch_in_fragment as "launchInFragment",
    p.tokens_per_minute as "tokensPerMinute", u.reference_salt as "referenceSalt"
  from providers p cross join users u
  where p.id = $1 and p.status = 'listed' and u.id = $2`

const createSessionSql = `
  insert into sessions as s (id, user_id, provider_id, user_ref, status, duration_ms, tokens_per_minute,
    fee_basis_points, tokens_held, launch_jti, launch_expires_at, created_at, sweep_at, is_test)
  values ($1, $2, $3, $4, 'pending', $5, $6, $7, $8, $9, $10::timestamptz, $11, $10::timestamptz + interval '5 minutes', $12)
  returning ${sessionColumns('$11')}`
