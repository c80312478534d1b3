import type { Db, Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { createGatherer } from '../gather.ts'
import { endSessions } from './end-sessions.ts'
import type { Speaker } from './pause-session.ts'
import { type SessionRow, sessionColumns } from './session.ts'

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
    run: (completions) => db.inBatch((tx) => completeSessions(tx, completions, marketplaceUrl)),
    keyOf: ({ tenantId, sessionId }) => `${tenantId}/${sessionId}`,
    overload: () => new Problem('unavailable', { retryAfterSeconds: 2 }, 'too many completions are waiting'),
  })
  return async (completion) => orThrow(await complete(completion))
}

/** The same within a transaction that has more to do. */
export async function completeSession(
  tx: Tx,
  completion: Completion,
  marketplaceUrl: string,
): Promise<SessionRow> {
  const [completed] = await completeSessions(tx, [completion], marketplaceUrl)
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
): Promise<(SessionRow | Problem)[]> {
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
  )
  const byId = new Map(ended.map((session) => [session.id, session]))
  const others = completions.filter(({ sessionId }) => !byId.has(sessionId))
  const found =
    others.length === 0
      ? []
      : await tx.query<SessionRow>(getSessionsSql, [
          others.map(({ tenantId }) => tenantId),
          others.map(({ sessionId }) => sessionId),
          others.map(({ now }) => now),
        ])
  for (const session of found) byId.set(session.id, session)
  return completions.map(({ sessionId, speaker }) => {
    const session = byId.get(sessionId)
    if (!session || (speaker.kind === 'user' && session.userId !== speaker.userId)) {
      return new Problem('session_not_found')
    }
    return session.status === 'ended' ? session : new Problem('session_superseded')
  })
}

const getSessionsSql = `
  select ${sessionColumns('i.at')}
  from unnest($1::text[], $2::text[], $3::timestamptz[]) as i (tenant_id, id, at)
  join sessions s on s.tenant_id = i.tenant_id and s.id = i.id`
