import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { enqueueAccountMail } from './account-mail.ts'
import { voidAccessTokens } from './void-access-tokens.ts'

/**
 * Throws everybody out of an account, its owner included, who signs in again or resets the password. Refresh tokens are
 * dead with the commit; access tokens on this instance as soon as it looks, on others within a second.
 *
 * @throws {Problem} `not_found`, also for an account that was deleted.
 */
export async function endSignIns(
  tx: Tx,
  input: { tenantId: string; userId: string; now: Date },
): Promise<{ endedCount: number }> {
  const { tenantId, userId, now } = input
  const [user] = await tx.query(lockUserSql, [userId])
  if (!user) throw new Problem('not_found')
  await voidAccessTokens(tx, { userId, now })
  const [ended] = await tx.query<{ endedCount: number }>(endSql, [userId, now])
  await enqueueAccountMail(tx, { kind: 'signed_out', tenantId, userId })
  return { endedCount: ended?.endedCount ?? 0 }
}

// A sign-in or a refresh under way holds a shared lock on the row, so it is either over and ended below, or begins afterwards.
const lockUserSql = 'select from users where id = $1 and deleted_at is null for no key update'

const endSql = `
  with ended as (
    update refresh_tokens set revoked_at = $2
    where user_id = $1 and revoked_at is null
    returning family_id, rotated_at, expires_at
  )
  select count(distinct family_id) filter (where rotated_at is null and expires_at > $2)::int as "endedCount" from ended`
