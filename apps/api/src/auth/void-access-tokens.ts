import type { Tx } from '../db.ts'

/**
 * Voids every access token that the user was given, before it expires. Needs their row locked: then nobody signs in or
 * refreshes meanwhile, and what they were given by now is dated no later than the newest refresh token, which left with it.
 */
export async function voidAccessTokens(
  tx: Tx,
  { userId, now }: { userId: string; now: Date },
): Promise<void> {
  await tx.query(voidSql, [userId, now])
}

// Not by this clock alone: `now` was read before the lock was waited for, and the token may be of an instance whose clock is
// ahead. A token made after the last sign-out is dated a second later than that.
const voidSql = `
  update users u set signed_out_at = greatest(
    $2::timestamptz, u.signed_out_at + interval '1 second',
    (select max(t.created_at) from refresh_tokens t where t.user_id = u.id)
  )
  where u.id = $1`
