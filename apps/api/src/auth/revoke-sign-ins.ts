import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { hashRefreshToken } from './refresh-token.ts'

/**
 * Ends one sign-in, known by its id. What it was given before, an access token, stays good for its 15 minutes.
 *
 * @throws {Problem} `sign_in_not_found`, also for somebody else's and for one that is over.
 */
export async function revokeSignIn(
  tx: Tx,
  input: { signInId: string; userId: string; now: Date },
): Promise<void> {
  const { signInId, userId, now } = input
  const revoked = await tx.query(revokeSignInSql, [signInId, userId, now])
  if (revoked.length === 0) throw new Problem('sign_in_not_found')
}

/** Ends all sign-ins of a user, but the one that `keptRefreshToken` belongs to. */
export async function revokeSignIns(
  tx: Tx,
  input: { userId: string; keptRefreshToken?: string | undefined; now: Date },
): Promise<void> {
  const { userId, keptRefreshToken, now } = input
  const kept = keptRefreshToken === undefined ? null : hashRefreshToken(keptRefreshToken)
  await tx.query(revokeSignInsSql, [userId, kept, now])
}

// A family that is over has nothing left to revoke; a rotation under way waits for these rows and finds them revoked.
const revokeSignInSql = `
  update refresh_tokens t set revoked_at = $3
  where t.family_id = $1 and t.user_id = $2 and t.revoked_at is null
    and exists (
      select from refresh_tokens f
      where f.family_id = $1 and f.user_id = $2 and f.rotated_at is null and f.revoked_at is null and f.expires_at > $3
    )
  returning t.family_id`

// Only the newest token of a family keeps it: an old copy is what a thief may hold.
const revokeSignInsSql = `
  update refresh_tokens t set revoked_at = $3
  where t.user_id = $1 and t.revoked_at is null
    and t.family_id is distinct from (
      select k.family_id from refresh_tokens k
      where k.token_hash = $2 and k.user_id = $1 and k.rotated_at is null and k.revoked_at is null
    )`
