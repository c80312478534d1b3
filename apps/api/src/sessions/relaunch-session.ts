import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Launch } from './create-session.ts'
import { endIfOver } from './end-sessions.ts'
import { createJti, launchExpiry, launchUrlOf, signLaunchJwt } from './launch.ts'
import { type SessionRow, sessionColumns } from './session.ts'

type RelaunchedRow = SessionRow & { mayGoOn: boolean; launchUrl: string; launchInFragment: boolean }

/**
 * A way back into a session that has not ended, at no charge. Older launch JWTs of it are void from here on; whoever
 * holds the session keeps it until the new one is validated.
 *
 * @returns the launch, or `session_ended`, also where its provider was suspended: what was found over is settled with that answer
 * @throws {Problem} `session_not_found`
 */
export async function relaunchSession(
  tx: Tx,
  input: { sessionId: string; userId: string; keys: KeyRing; now: Date; marketplaceUrl: string },
): Promise<Launch | Problem> {
  const { sessionId, userId, keys, now, marketplaceUrl } = input
  const jti = createJti()
  const [session] = await tx.query<RelaunchedRow>(relaunchSql, [
    sessionId,
    userId,
    jti,
    launchExpiry(now),
    now,
  ])
  if (!session) throw new Problem('session_not_found')
  const { tenantId, providerId, userRef } = session
  if (!session.mayGoOn) {
    await endIfOver(tx, session, now, marketplaceUrl)
    return new Problem('session_ended')
  }
  const launchJwt = await signLaunchJwt(keys, { tenantId, sessionId, providerId, userRef, jti, now })
  return {
    session,
    launchJwt,
    launchUrl: launchUrlOf(session, launchJwt),
    launchExpiresAt: launchExpiry(now).toISOString(),
  }
}

// One statement: an ended session is returned as it is, and the caller learns that it has ended.
const relaunchSql = `
  with mine as (
    select s.tenant_id, s.id, s.status <> 'ended' and over_reason(s, $5) is null and p.status <> 'suspended' as may_go_on,
      p.launch_url, p.launch_in_fragment
    from sessions s join providers p on p.tenant_id = s.tenant_id and p.id = s.provider_id
    where s.id = $1 and s.user_id = $2
    for update of s
  )
  update sessions s set
    launch_jti = case when m.may_go_on then $3 else s.launch_jti end,
    launch_digest = case when m.may_go_on then null else s.launch_digest end,
    launch_expires_at = case when m.may_go_on then $4 else s.launch_expires_at end,
    launch_spent_by = case when m.may_go_on then null else s.launch_spent_by end
  from mine m
  where s.tenant_id = m.tenant_id and s.id = m.id
  returning ${sessionColumns('$5')}, m.may_go_on as "mayGoOn", m.launch_url as "launchUrl", m.launch_in_fragment as "launchInFragment"`
