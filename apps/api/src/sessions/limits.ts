/**
 * What users allow themselves to spend: per 24 hours, and per 24 hours with one provider.
 *
 * A session counts for 24 hours from its opening, with what it holds or, once it has ended, with what it cost. It lives
 * no longer than that, so an extension always counts as well, and no midnight of anybody's time zone doubles a limit.
 *
 * @module
 */
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { idFloor } from '../id.ts'

export const LIMIT_WINDOW_MS = 24 * 3_600_000

interface Allowance {
  perDay: number | null
  perDayAtProvider: number | null
  used: number
  usedAtProvider: number
}

/**
 * Refuses what would go beyond a limit. Locks the wallet first, so that of openings that race each sees those before
 * it; call it right before the hold, in the same transaction, for users who have limits.
 *
 * @returns false where, with `skipLocked`, somebody else has the wallet: then nobody looked
 * @throws {Problem} `spending_limit_reached` with `required`, `available` under the limit, and `limitTokens`.
 */
export async function checkLimits(
  tx: Tx,
  input: { tenantId: string; userId: string; providerId: string; tokens: number; now: Date },
  { skipLocked = false } = {},
): Promise<boolean> {
  const { tenantId, userId, providerId, tokens, now } = input
  const locked = await tx.query(lockWalletSql(skipLocked ? 'skip locked' : ''), [tenantId, userId])
  if (skipLocked && locked.length === 0) return false
  const [allowance] = await tx.query<Allowance>(readAllowanceSql, [
    tenantId,
    userId,
    providerId,
    idFloor('ses', windowStart(now)),
  ])
  if (!allowance) return true
  const { perDay, perDayAtProvider, used, usedAtProvider } = allowance
  for (const [limit, spent, where] of [
    [perDayAtProvider, usedAtProvider, ' with this provider'],
    [perDay, used, ''],
  ] as const) {
    if (limit === null) continue
    const available = Math.max(0, limit - spent)
    if (tokens <= available) continue
    throw new Problem('spending_limit_reached', {
      required: tokens,
      available,
      limitTokens: limit,
      detail:
        `The account's limit is ${limit} tokens in 24 hours${where}; ${spent} are spent or held. ` +
        'Choose fewer minutes, wait, or raise it with PUT /tokens/limits. Buying tokens does not help.',
    })
  }
  return true
}

/** What counts against the limits now. */
export async function getUsedTokens(tx: Tx, input: { userId: string; now: Date }): Promise<number> {
  const [row] = await tx.query<{ used: number }>(getUsedTokensSql, [
    input.userId,
    idFloor('ses', windowStart(input.now)),
  ])
  return row?.used ?? 0
}

const windowStart = (now: Date) => new Date(now.getTime() - LIMIT_WINDOW_MS)

const lockWalletSql = (lock: 'skip locked' | '') =>
  `select from wallets where tenant_id = $1 and id = $2 for update ${lock}`

// A statement of its own, after the lock: it sees what those who had the lock before have committed. Sessions of the
// last 24 hours are a range of the user's own index.
const readAllowanceSql = `
  select l.per_day_tokens as "perDay", p.per_day_tokens as "perDayAtProvider",
    coalesce(sum(s.tokens), 0) as used,
    coalesce(sum(s.tokens) filter (where s.provider_id = $3), 0) as "usedAtProvider"
  from spending_limits l
  left join provider_spending_limits p
    on p.tenant_id = l.tenant_id and p.user_id = l.user_id and p.provider_id = $3
  left join lateral (
    select x.provider_id, coalesce(x.tokens_charged, x.tokens_held) as tokens
    from sessions x where x.tenant_id = l.tenant_id and x.user_id = l.user_id and x.id >= $4
  ) s on true
  where l.tenant_id = $1 and l.user_id = $2
  group by l.per_day_tokens, p.per_day_tokens`

const getUsedTokensSql = `
  select coalesce(sum(coalesce(tokens_charged, tokens_held)), 0) as used
  from sessions where user_id = $1 and id >= $2`
