import type { Tx } from '../db.ts'
import { hashRefreshToken } from './refresh-token.ts'

/** Ends the sign-in a token belongs to. Somebody else's token, an unknown or a dead one change nothing. */
export async function revokeRefreshToken(
  tx: Tx,
  input: { refreshToken: string; userId: string; now: Date },
): Promise<void> {
  const { refreshToken, userId, now } = input
  await tx.query(revokeRefreshTokenSql, [hashRefreshToken(refreshToken), userId, now])
}

const revokeRefreshTokenSql = `
  update refresh_tokens f set revoked_at = $3
  from refresh_tokens t
  where t.token_hash = $1 and t.user_id = $2 and f.family_id = t.family_id and f.revoked_at is null`
