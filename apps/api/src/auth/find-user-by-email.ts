import type { Tx } from '../db.ts'
import type { Email } from '../email.ts'
import type { UserRow } from './user.ts'

export interface UserWithPassword extends UserRow {
  passwordHash: string
  isOperator: boolean
}

/** The account of an address with what a sign-in is checked against. */
export async function findUserByEmail(tx: Tx, email: Email): Promise<UserWithPassword | undefined> {
  const [user] = await tx.query<UserWithPassword>(findUserByEmailSql, [email.normalized])
  return user
}

const findUserByEmailSql = `
  select id, email, display_name as "displayName", created_at as "createdAt", password_hash as "passwordHash",
    is_operator as "isOperator"
  from users where email_normalized = $1 and deleted_at is null`
