import { assert } from '../assert.ts'
import type { Db, Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { BUSY, createGatherer } from '../gather.ts'
import { createId } from '../id.ts'
import { digestJwt, type KeyRing } from '../keys/key-ring.ts'
import { holdRefused } from '../ledger/place-hold.ts'
import { createJti, launchExpiry, launchUrlOf, signLaunchJwt, userRefOf } from './launch.ts'
import { checkLimits } from './limits.ts'
import { type SessionRow, sessionColumns } from './session.ts'

export interface Launch {
  session: SessionRow
  launchJwt: string
  launchUrl: string
  launchExpiresAt: string
}

/** What a launch needs to know of the provider and of the user. */
export interface OpenedProvider {
  launchUrl: string
  launchInFragment: boolean
  tokensPerMinute: number
  referenceSalt: Buffer
}

export interface NewSession {
  tenantId: string
  userId: string
  providerId: string
  durationMinutes: number
  /** What the user was shown: it may cost no more. */
  maxTokensPerMinute?: number
  feeBasisPoints: number
  now: Date
}

/**
 * Reserves a session's full price and makes the launch JWT that opens it, gathered like beats. Time starts at the
 * first validate.
 *
 * @returns what opens one.
 * @throws {Problem} `provider_not_found`, `price_changed`, `spending_limit_reached`, `insufficient_tokens`
 */
export function createOpening(db: Db, keys: KeyRing): (wanted: NewSession) => Promise<Launch> {
  const gather = (name: string, options: { batchMax: number; lanes?: number }) =>
    createGatherer<NewSession, Answer>({
      name,
      run: (wanted) => db.inBatch((tx) => createSessions(tx, wanted, keys, { skipLocked: true })),
      // One wallet is asked once in a batch: the next hold is judged with this one in place.
      keyOf: ({ tenantId, userId }) => `${tenantId}/${userId}`,
      ...options,
    })
  const open = gather('openings', { batchMax: 64 })
  // One by one those whose limits are looked at under their wallet's lock: two wallets locked in two steps of one
  // transaction could meet another batch's order.
  const openAlone = gather('openings with limits', { batchMax: 1, lanes: 4 })
  return async (wanted) => {
    const opened = await open(wanted)
    return orThrow(opened === LATER ? await openAlone(wanted) : opened)
  }
}

/** The same within a transaction that has more to do. */
export async function createSession(tx: Tx, wanted: NewSession, keys: KeyRing): Promise<Launch> {
  const [launch] = await createSessions(tx, [wanted], keys, { skipLocked: false })
  assert(launch !== BUSY, 'what waits for the lock has it')
  return orThrow(launch)
}

/** In a batch, who has spending limits is left for a transaction of their own. */
const LATER = Symbol('later')

/** Nothing where there is no such provider, or no such user. */
type Answer = Launch | Problem | typeof LATER | undefined

function orThrow(launch: Answer): Launch {
  assert(launch !== LATER, 'what is alone has nobody to wait for')
  if (launch instanceof Problem) throw launch
  if (!launch) throw new Problem('provider_not_found')
  return launch
}

interface Waiting {
  /** It waits for no wallet that somebody else works on, and opens nothing with it. */
  skipLocked: boolean
}

async function createSessions(
  tx: Tx,
  wanted: NewSession[],
  keys: KeyRing,
  waiting: Waiting,
): Promise<(Answer | typeof BUSY)[]> {
  const rows = await tx.query<OpenedProvider & { ordinal: number; isLimited: boolean }>(findProvidersSql, [
    wanted.map(({ tenantId }) => tenantId),
    wanted.map(({ providerId }) => providerId),
    wanted.map(({ userId }) => userId),
  ])
  const providers = new Map(rows.map((row) => [row.ordinal - 1, row]))
  const answers: (Answer | typeof BUSY)[] = wanted.map(() => undefined)
  const possible = wanted.flatMap((session, i) => {
    const provider = providers.get(i)
    if (!provider) return []
    const { tokensPerMinute, isLimited } = provider
    if (tokensPerMinute > (session.maxTokensPerMinute ?? tokensPerMinute))
      answers[i] = new Problem('price_changed', { tokensPerMinute })
    else if (isLimited && wanted.length > 1) answers[i] = LATER
    return answers[i] === undefined ? [{ session, provider, i }] : []
  })
  const [alone] = possible
  if (alone?.provider.isLimited) {
    const tokens = alone.provider.tokensPerMinute * alone.session.durationMinutes
    if (!(await checkLimits(tx, { ...alone.session, tokens }, waiting))) return [BUSY]
  }
  const launches = await openSessions(
    tx,
    possible.map(({ session, provider }) => ({ ...session, provider, isTest: false })),
    keys,
    waiting,
  )
  possible.forEach(({ i }, k) => {
    answers[i] = launches[k]
  })
  return answers
}

/**
 * Opens sessions with whatever provider the caller found to be right; a refusal is an answer, the others go on.
 *
 * JWTs are signed before the first wallet is locked; holds and rows are one statement. A provider that is suspended at
 * this very moment is met again at validate, which refuses.
 */
export async function openSessions(
  tx: Tx,
  wanted: (NewSession & { provider: OpenedProvider; isTest: boolean })[],
  keys: KeyRing,
  { skipLocked }: Waiting,
): Promise<(Launch | Problem | typeof BUSY)[]> {
  if (wanted.length === 0) return []
  const prepared = await Promise.all(
    wanted.map(async (session) => {
      const { tenantId, providerId, provider, durationMinutes, now } = session
      const sessionId = createId('ses', now)
      const jti = createJti()
      const userRef = userRefOf(provider.referenceSalt, providerId)
      const launchJwt = await signLaunchJwt(keys, { tenantId, sessionId, providerId, userRef, jti, now })
      return {
        ...session,
        sessionId,
        jti,
        userRef,
        launchJwt,
        price: provider.tokensPerMinute * durationMinutes,
      }
    }),
  )
  const rows = await tx.query<Opened>(skipLocked ? openFreeSql : openSessionsSql, [
    prepared.map(({ tenantId }) => tenantId),
    prepared.map(({ sessionId }) => sessionId),
    prepared.map(({ isTest, now }) => (isTest ? null : createId('hld', now))),
    prepared.map(({ userId }) => userId),
    prepared.map(({ providerId }) => providerId),
    prepared.map(({ userRef }) => userRef),
    prepared.map(({ durationMinutes }) => durationMinutes * 60_000),
    prepared.map(({ provider }) => provider.tokensPerMinute),
    prepared.map(({ feeBasisPoints }) => feeBasisPoints),
    prepared.map(({ price }) => price),
    prepared.map(({ jti }) => jti),
    prepared.map(({ now }) => launchExpiry(now)),
    prepared.map(({ isTest }) => isTest),
    prepared.map(({ now }) => now),
    prepared.map(({ launchJwt }) => digestJwt(launchJwt)),
  ])
  const byOrdinal = new Map(rows.map((row) => [row.ordinal - 1, row]))
  return prepared.map(({ price, provider, launchJwt, now }, i) => {
    const row = byOrdinal.get(i)
    // Every user has a wallet: of one that was not looked at somebody else has the lock.
    if (skipLocked && row?.available === null) return BUSY
    if (!row?.id)
      return holdRefused({ required: price, available: row?.available ?? 0, debt: row?.debt ?? 0 })
    const launchUrl = launchUrlOf(provider, launchJwt)
    return { session: row, launchJwt, launchUrl, launchExpiresAt: launchExpiry(now).toISOString() }
  })
}

/** A session's row, or nothing in it but what the wallet has. */
type Opened = SessionRow & { ordinal: number; available: number | null; debt: number | null }

const findProvidersSql = `
  select i.ordinal, p.launch_url as "launchUrl", p.launch_in_fragment as "launchInFragment",
    p.tokens_per_minute as "tokensPerMinute", u.reference_salt as "referenceSalt",
    u.has_spending_limits as "isLimited"
  from unnest($1::text[], $2::text[], $3::text[]) with ordinality as i (tenant_id, provider_id, user_id, ordinal)
  join providers p on p.tenant_id = i.tenant_id and p.id = i.provider_id and p.status = 'listed'
  join users u on u.tenant_id = i.tenant_id and u.id = i.user_id and u.deleted_at is null`

// A test asks nothing of the wallet, not even whether it may spend.
const openSql = (free: string, holdIds: string) => `
  with input as (
    select * from unnest($1::text[], $2::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::int[],
      $9::int[], $10::bigint[], $11::text[], $12::timestamptz[], $13::boolean[], $14::timestamptz[], $15::bytea[]) with ordinality
      as i (tenant_id, id, user_id, provider_id, user_ref, duration_ms, tokens_per_minute, fee_basis_points,
        price, jti, launch_expires_at, is_test, at, launch_digest, ordinal)
  ), ${free} held as materialized (
    select * from place_holds($1::text[], $4::text[], ${holdIds}, $2::text[], $10::bigint[], $14::timestamptz[])
  ), opened as (
    insert into sessions as s (tenant_id, id, user_id, provider_id, user_ref, status, duration_ms, tokens_per_minute,
      fee_basis_points, tokens_held, launch_jti, launch_digest, launch_expires_at, created_at, sweep_at, is_test)
    select i.tenant_id, i.id, i.user_id, i.provider_id, i.user_ref, 'pending', i.duration_ms, i.tokens_per_minute,
      i.fee_basis_points, i.price, i.jti, i.launch_digest, i.launch_expires_at, i.at, i.launch_expires_at + interval '5 minutes', i.is_test
    from input i left join held h on h.ordinal = i.ordinal
    where h.placed or i.is_test
    returning ${sessionColumns('s.created_at')}
  )
  select i.ordinal, h.available, h.debt, o.*
  from input i left join held h on h.ordinal = i.ordinal left join opened o on o.id = i.id`

const openSessionsSql = openSql('', '$3::text[]')

// Locks the wallets in the order of ids, as `place_holds` does, and waits for none of them: what it did not get has no hold.
const openFreeSql = openSql(
  `free as materialized (
    select i.ordinal from input i join wallets w on w.tenant_id = i.tenant_id and w.id = i.user_id
    order by w.tenant_id, w.id
    for update of w skip locked
  ),`,
  `array(
      select case when f.ordinal is not null then h.id end
      from unnest($3::text[]) with ordinality as h (id, ordinal) left join free f on f.ordinal = h.ordinal
      order by h.ordinal)`,
)
