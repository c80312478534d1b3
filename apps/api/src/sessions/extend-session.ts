import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { emit } from '../events.ts'
import { placeHold } from '../ledger/place-hold.ts'
import { checkLimits } from './limits.ts'
import { lockSession } from './lock-session.ts'
import { presentSession, SESSION_LIFE_MS, type SessionRow, sessionColumns } from './session.ts'

/**
 * More minutes for a session that has not ended: a further hold at the price it was opened with. Taken under the
 * session's row, so that it races with expiry and one of them wins.
 *
 * @returns the session, or `session_ended`: what was found over is settled with that answer
 * @throws {Problem} `session_not_found`, `session_too_long`, `spending_limit_reached`, `insufficient_tokens`
 */
export async function extendSession(
  tx: Tx,
  input: { sessionId: string; userId: string; minutes: number; now: Date; marketplaceUrl: string },
): Promise<SessionRow | Problem> {
  const { sessionId, userId, minutes, now, marketplaceUrl } = input
  const session = await lockSession(tx, { sessionId, now, marketplaceUrl })
  if (session.userId !== userId) throw new Problem('session_not_found')
  if (session.status === 'ended') return new Problem('session_ended')
  const leftMs = session.durationMs - session.usedMs + minutes * 60_000
  if (now.getTime() + leftMs > session.createdAt.getTime() + SESSION_LIFE_MS)
    throw new Problem('session_too_long')
  const price = session.isTest ? 0 : session.tokensPerMinute * minutes
  if (price > 0) {
    const [user] = await tx.query<{ isLimited: boolean }>(isLimitedSql, [userId])
    const { tenantId, providerId } = session
    if (user?.isLimited) await checkLimits(tx, { tenantId, userId, providerId, tokens: price, now })
  }
  // A test asks nothing of the wallet, not even whether it may spend.
  if (!session.isTest) await placeHold(tx, { walletId: userId, reference: sessionId, amount: price, now })
  const [extended] = await tx.query<SessionRow>(extendSql, [sessionId, minutes * 60_000, price, now])
  assert(extended, 'a locked session does not end')
  const { tenantId, providerId, eventSequence: sequence } = extended
  const snapshot = presentSession(extended, now, marketplaceUrl)
  await emit(tx, [{ tenantId, type: 'session.extended', providerId, sessionId, sequence, snapshot, now }])
  return extended
}

const isLimitedSql = 'select has_spending_limits as "isLimited" from users where id = $1'

// The app goes on with the time it knows of until its next beat. No more than that counts, so the gap is judged as it is: made
// shorter by what the app was closed, it would count as use what the page says it slept through.
const extendSql = `
  update sessions s set
    duration_ms = s.duration_ms + $2, tokens_held = s.tokens_held + $3, event_sequence = s.event_sequence + 1,
    told_ms = case when s.status = 'active' then coalesce(s.told_ms, s.duration_ms) else s.told_ms end,
    is_resumed_there = s.told_ms is not null and s.is_resumed_there
  where s.id = $1 and s.status <> 'ended'
  returning ${sessionColumns('$4')}`
