import type { Tx } from '../db.ts'

export interface SignInRow {
  id: string
  userAgent: string | null
  signedInAt: Date
  lastUsedAt: Date
  expiresAt: Date
}

/** A user's sign-ins that still work, newest first, those before `before` only. */
export function listSignIns(
  tx: Tx,
  input: { userId: string; limit: number; before?: string | undefined; now: Date },
): Promise<SignInRow[]> {
  const { userId, limit, before, now } = input
  return tx.query<SignInRow>(listSignInsSql, [userId, before ?? null, limit, now])
}

// The newest token of each family stands for the sign-in. Any revoked one of a family ends all of it.
const listSignInsSql = `
  select t.family_id as id, t.user_agent as "userAgent", t.signed_in_at as "signedInAt",
    t.created_at as "lastUsedAt", t.expires_at as "expiresAt"
  from refresh_tokens t
  where t.user_id = $1 and ($2::text is null or t.family_id < $2) and t.rotated_at is null and t.expires_at > $4
    and not exists (
      select from refresh_tokens f where f.family_id = t.family_id and f.revoked_at is not null
    )
  order by t.family_id desc
  limit $3`
