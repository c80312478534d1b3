import type { Db, Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { BUSY, createGatherer } from '../gather.ts'
import { endSessions } from './end-sessions.ts'
import { findSessions } from './find-sessions.ts'
import type { Speaker } from './pause-session.ts'
import type { SessionRow } from './session.ts'

export interface Completion {
  tenantId: string
  sessionId: string
  speaker: Speaker
  now: Date
}

/**
 * Ends sessions and charges the time used, gathered like beats. An ended one is answered as it is, so a completion
 * may be repeated.
 *
 * The SDK's last gap counts as a beat with its `activeMs`; the marketplace knows nothing of it and counts up to 45 s.
 * A session that was never validated is cancelled: nothing was used.
 *
 * @returns what completes one. @throws {Problem} `session_not_found`, `session_superseded`
 */
export function createCompletion(
  db: Db,
  marketplaceUrl: string,
): (completion: Completion) => Promise<SessionRow> {
  const complete = createGatherer<Completion, SessionRow | Problem>({
    name: 'completions',
    run: (completions) => db.inBatch((tx) => completeSessions(tx, completions, marketplaceUrl, true)),
    keyOf: ({ tenantId, sessionId }) => `${tenantId}/${sessionId}`,
  })
  return async (completion) => orThrow(await complete(completion))
}

/** The same within a transaction that has more to do. */
export async function completeSession(
  tx: Tx,
  completion: Completion,
  marketplaceUrl: string,
): Promise<SessionRow> {
  const [completed] = await completeSessions(tx, [completion], marketplaceUrl, false)
  // It waits for the lock: its client took the session over after this had found that another one holds it.
  if (completed === BUSY) throw new Problem('unavailable', { retryAfterSeconds: 1 }, 'it changed hands')
  return orThrow(completed)
}

function orThrow(completed: SessionRow | Problem | undefined): SessionRow {
  if (completed instanceof Problem) throw completed
  if (!completed) throw new Problem('session_not_found')
  return completed
}

async function completeSessions(
  tx: Tx,
  completions: Completion[],
  marketplaceUrl: string,
  skipLocked: boolean,
): Promise<(SessionRow | Problem | typeof BUSY)[]> {
  const ended = await endSessions(
    tx,
    completions.map(({ tenantId, sessionId, speaker, now }) => ({
      tenantId,
      sessionId,
      reason: 'completed' as const,
      lastGap: speaker.kind === 'user' ? ('unvouched' as const) : { activeMs: speaker.activeMs },
      by: speaker,
      now,
    })),
    marketplaceUrl,
    { skipLocked },
  )
  const byId = new Map(ended.map((session) => [session.id, session]))
  const others = await findSessions(
    tx,
    completions.filter(({ sessionId }) => !byId.has(sessionId)),
  )
  return completions.map(({ sessionId, speaker }) => {
    const session = byId.get(sessionId) ?? others.get(sessionId)
    if (!session || (speaker.kind === 'user' && session.userId !== speaker.userId)) {
      return new Problem('session_not_found')
    }
    if (speaker.kind === 'client' && speaker.providerId !== session.providerId)
      return new Problem('session_not_found')
    if (session.status === 'ended') return session
    if (speaker.kind === 'client' && speaker.clientId !== session.clientId)
      return new Problem('session_superseded')
    // Nobody else's business, and not ended: its row is locked.
    return BUSY
  })
}
