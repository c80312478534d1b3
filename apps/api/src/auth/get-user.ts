import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'

export interface LockedUser {
  id: string
  email: string
  emailNormalized: string
  displayName: string | null
  passwordHash: string
  isOperator: boolean
  emailVerifiedAt: Date | null
  pendingEmail: string | null
  pendingEmailNormalized: string | null
}

/**
 * The account, locked until the transaction ends. Who only refers to it does not wait: a session that opens, and the batch
 * it opens with.
 *
 * @param lock `for update` keeps those waiting, too: nothing comes to refer to an account that goes
 * @throws {Problem} `unauthenticated` when the account behind a still valid access token is gone.
 */
export async function lockUser(
  tx: Tx,
  userId: string,
  lock: 'for no key update' | 'for update' = 'for no key update',
): Promise<LockedUser> {
  const [user] = await tx.query<LockedUser>(`${lockUserSql} ${lock}`, [userId])
  if (!user) throw new Problem('unauthenticated', {}, 'the account is gone')
  return user
}

/** The same without the lock. @throws {Problem} `unauthenticated` */
export async function getUser(tx: Tx, userId: string): Promise<LockedUser> {
  const [user] = await tx.query<LockedUser>(lockUserSql, [userId])
  if (!user) throw new Problem('unauthenticated', {}, 'the account is gone')
  return user
}

const lockUserSql = `
  select id, email, email_normalized as "emailNormalized", display_name as "displayName",
    password_hash as "passwordHash", is_operator as "isOperator", email_verified_at as "emailVerifiedAt",
    pending_email as "pendingEmail", pending_email_normalized as "pendingEmailNormalized"
  from users where id = $1 and deleted_at is null`
