import { lockUser } from '../auth/get-user.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { getUsedTokens } from '../sessions/limits.ts'
import type { NewSpendingLimits, SpendingLimits } from './spending-limits.ts'

/** What a user allows themselves, and how much of it is used. */
export async function getLimits(tx: Tx, input: { userId: string; now: Date }): Promise<SpendingLimits> {
  const [limits] = await tx.query<Omit<NewSpendingLimits, 'perProviderPerDayTokens'>>(getLimitsSql, [
    input.userId,
  ])
  const perProvider = await tx.query<NewSpendingLimits['perProviderPerDayTokens'][number]>(
    listProviderLimitsSql,
    [input.userId],
  )
  return {
    perDayTokens: limits?.perDayTokens ?? null,
    perProviderPerDayTokens: perProvider,
    lowBalanceTokens: limits?.lowBalanceTokens ?? null,
    usedTokens: await getUsedTokens(tx, input),
  }
}

/**
 * Sets all limits anew. The user's row is locked, so two changes at once leave one of them whole; openings under way
 * see the old or the new ones.
 *
 * @throws {Problem} `provider_not_found`, also for somebody else's draft; `validation_failed` for one named twice
 */
export async function changeLimits(
  tx: Tx,
  input: { userId: string; limits: NewSpendingLimits; now: Date },
): Promise<SpendingLimits> {
  const { userId, limits, now } = input
  const { perDayTokens, perProviderPerDayTokens, lowBalanceTokens } = limits
  await lockUser(tx, userId)
  const providerIds = perProviderPerDayTokens.map(({ providerId }) => providerId)
  if (new Set(providerIds).size < providerIds.length) {
    throw new Problem('validation_failed', {
      errors: [{ path: '/perProviderPerDayTokens', message: 'must name each provider once' }],
    })
  }
  const known = await tx.query(findProvidersSql, [providerIds, userId])
  if (known.length < providerIds.length) throw new Problem('provider_not_found')
  await tx.query(setLimitsSql, [userId, perDayTokens, lowBalanceTokens])
  await tx.query('delete from provider_spending_limits where user_id = $1', [userId])
  await tx.query(setProviderLimitsSql, [
    userId,
    providerIds,
    perProviderPerDayTokens.map(({ tokens }) => tokens),
  ])
  await tx.query('update users set has_spending_limits = $2 where id = $1', [
    userId,
    perDayTokens !== null || providerIds.length > 0,
  ])
  return getLimits(tx, { userId, now })
}

const getLimitsSql = `
  select per_day_tokens as "perDayTokens", low_balance_tokens as "lowBalanceTokens"
  from spending_limits where user_id = $1`

const listProviderLimitsSql = `
  select provider_id as "providerId", per_day_tokens as tokens
  from provider_spending_limits where user_id = $1 order by provider_id`

// What was listed once may be limited; a draft exists for its owner only.
const findProvidersSql = `
  select from providers where id = any ($1) and (status in ('listed', 'suspended') or owner_id = $2)`

// Another threshold is a new question: whoever is below it is told again.
const setLimitsSql = `
  insert into spending_limits as l (user_id, per_day_tokens, low_balance_tokens) values ($1, $2, $3)
  on conflict (tenant_id, user_id) do update set
    per_day_tokens = excluded.per_day_tokens,
    low_balance_tokens = excluded.low_balance_tokens,
    low_balance_noticed_at = case when l.low_balance_tokens = excluded.low_balance_tokens
      then l.low_balance_noticed_at end`

const setProviderLimitsSql = `
  insert into provider_spending_limits (user_id, provider_id, per_day_tokens)
  select $1, i.provider_id, i.tokens from unnest($2::text[], $3::bigint[]) as i (provider_id, tokens)`
