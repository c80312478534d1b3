import type { Tx } from '../db.ts'
import { endSessions } from './end-sessions.ts'
import { lockForSpeaker, type Speaker } from './pause-session.ts'
import type { SessionRow } from './session.ts'

/**
 * Ends a session and charges the time used. An ended one is answered as it is, so a completion may be repeated.
 *
 * The SDK's last gap counts as a beat with its `activeMs`; the marketplace knows nothing of it and counts up to 45 s.
 * A session that was never validated is cancelled: nothing was used.
 *
 * @throws {Problem} `session_not_found`, `session_superseded`
 */
export async function completeSession(
  tx: Tx,
  input: { sessionId: string; speaker: Speaker; now: Date; marketplaceUrl: string },
): Promise<SessionRow> {
  const { sessionId, speaker, now, marketplaceUrl } = input
  const session = await lockForSpeaker(tx, input, 'pending')
  if (session.status === 'ended') return session
  const ending = {
    tenantId: session.tenantId,
    sessionId,
    reason: session.status === 'pending' ? ('cancelled' as const) : ('completed' as const),
    lastGap: speaker.kind === 'user' ? ('unvouched' as const) : { activeMs: speaker.activeMs },
    now,
  }
  const [ended] = await endSessions(tx, [ending], marketplaceUrl)
  return ended ?? session
}
