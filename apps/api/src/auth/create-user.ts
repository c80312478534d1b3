import { randomBytes } from 'node:crypto'
import type { Tx } from '../db.ts'
import type { Email } from '../email.ts'
import { Problem } from '../errors.ts'
import { createId } from '../id.ts'
import { createWallet } from '../ledger/create-wallet.ts'
import { tidyDisplayName, type UserRow } from './user.ts'

/**
 * Adds a person with an empty wallet. Nothing is given for free.
 *
 * @throws {Problem} `email_taken`, also to all but one of many who register the same address at once.
 */
export async function createUser(
  tx: Tx,
  input: {
    email: Email
    passwordHash: string
    displayName: string | null
    isOperator?: boolean
    now: Date
  },
): Promise<UserRow> {
  const { email, passwordHash, displayName, isOperator = false, now } = input
  const [user] = await tx.query<UserRow>(createUserSql, [
    createId('usr', now),
    email.shown,
    email.normalized,
    displayName === null ? null : tidyDisplayName(displayName),
    passwordHash,
    isOperator,
    randomBytes(16),
    now,
  ])
  if (!user) throw new Problem('email_taken')
  await createWallet(tx, user.id)
  return user
}

// A second one waits for the first to commit, then inserts nothing.
const createUserSql = `
  insert into users (id, email, email_normalized, display_name, password_hash, is_operator, reference_salt, created_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict (tenant_id, email_normalized) do nothing
  returning id, email, display_name as "displayName", created_at as "createdAt"`
