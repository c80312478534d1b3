import type { Tx } from '../db.ts'
import { hashRefreshToken, makeRefreshToken } from './refresh-token.ts'

export type Rotation =
  | { isRotated: true; userId: string; signedOutAt: Date | null; refreshToken: string }
  /** `isReused`: the family was revoked, because two parties hold this token and nobody knows which is the thief. */
  | { isRotated: false; isReused: boolean }

/**
 * Trades a refresh token for its successor, once.
 *
 * Of many that race with one token exactly one wins; the others present a token that was used, which revokes the
 * family, the winner's successor included (RFC 9700, 4.14.2). A client therefore refreshes one at a time.
 *
 * Does not throw on reuse: the revocation has to be committed, so the edge refuses afterwards.
 */
export async function rotateRefreshToken(
  tx: Tx,
  input: { refreshToken: string; now: Date },
): Promise<Rotation> {
  const { now } = input
  const hash = hashRefreshToken(input.refreshToken)
  const next = makeRefreshToken(now)
  const [holder] = await tx.query<{ signedOutAt: Date | null }>(lockHolderSql, [hash])
  if (!holder) return { isRotated: false, isReused: false }
  const [rotated] = await tx.query<{ userId: string }>(rotateSql, [hash, now, next.hash, next.expiresAt])
  if (rotated) return { isRotated: true, ...rotated, ...holder, refreshToken: next.refreshToken }
  const revoked = await tx.query(revokeReusedSql, [hash, now])
  return { isRotated: false, isReused: revoked.length > 0 }
}

// The shared lock, as when signing in: a sign-out everywhere either sees the successor or is seen here. Before the token's
// own row, as everywhere.
const lockHolderSql = `
  select u.signed_out_at as "signedOutAt" from refresh_tokens t join users u on u.id = t.user_id
  where t.token_hash = $1 for share of u`

// The conditional update is the lock: a racing one waits, looks again at this row and finds it rotated or revoked. A family
// is dead as soon as one of its tokens is revoked; a successor that was inserted while the revocation ran is refused by that.
const rotateSql = `
  with used as (
    update refresh_tokens t set rotated_at = $2
    where t.token_hash = $1 and t.rotated_at is null and t.revoked_at is null and t.expires_at > $2
      and not exists (
        select from refresh_tokens f where f.family_id = t.family_id and f.revoked_at is not null
      )
    returning t.family_id, t.user_id, t.signed_in_at, t.user_agent
  )
  insert into refresh_tokens (token_hash, family_id, user_id, created_at, expires_at, signed_in_at, user_agent)
  select $3, u.family_id, u.user_id, $2, $4, u.signed_in_at, u.user_agent from used u
  returning user_id as "userId"`

// A token that merely expired was not stolen, and a stranger's guess finds no row.
const revokeReusedSql = `
  update refresh_tokens f set revoked_at = $2
  from refresh_tokens t
  where t.token_hash = $1 and t.rotated_at is not null
    and f.family_id = t.family_id and f.revoked_at is null
  returning f.family_id`
