/**
 * What became of sessions, by when they were opened: each outcome as a condition, in one place, so that the roll-up and
 * the reading of what is not rolled up yet cannot differ.
 *
 * @module
 */
import { END_TYPES } from './activity.ts'

/** A session that completed after less use than this was completed at once. */
export const INSTANT_MS = 10_000

/** Each column of `outcome_quarters`, as a condition on a row of `outcomesSql`. */
export const OUTCOMES: Record<string, string> = {
  opened: 'true',
  validated: 'is_validated',
  first_beat: 'is_used',
  ...Object.fromEntries(END_TYPES.map((reason) => [reason, `is_ended and end_reason = '${reason}'`])),
  never_validated: 'is_ended and not is_validated',
  // Whoever completed did not break off, however short it was.
  never_used: `is_ended and is_validated and not is_used and end_reason <> 'completed'`,
  while_used: `is_used and is_ended and end_reason in ('abandoned', 'revoked')`,
  instantly_completed: `is_ended and end_reason = 'completed' and used_ms < ${INSTANT_MS}`,
}

/**
 * One row per session opened in a range of ids.
 *
 * The flag of the first beat falls with it; a pause or an end that confirmed time leaves its mark in `used_ms`. What was
 * charged is the ledger's charge to the token: both are written by one function, and `check-ledger` compares them.
 *
 * @param scope `one` has the provider's id in $1 and leaves the tenant to row level security; `all` walks tenants
 * @param range the numbers of the bound values: the lowest session id, and the first too high
 */
export function outcomesSql(scope: 'one' | 'all', [from, to]: [string, string]): string {
  return `
    select s.tenant_id, s.provider_id, s.is_test, s.id, s.created_at as at, s.end_reason, s.status = 'ended' as is_ended,
      s.started_at is not null as is_validated,
      s.started_at is not null and (s.used_ms > 0 or not s.is_first_beat_due) as is_used,
      s.used_ms, s.tokens_charged
    from ${scope === 'one' ? 'sessions s' : 'tenants t join sessions s on s.tenant_id = t.id'}
    where ${scope === 'one' ? 's.provider_id = $1 and' : ''} s.id >= ${from} and s.id < ${to}`
}
