import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { enqueueAccountMail } from './account-mail.ts'
import { lockUser } from './get-user.ts'
import { checkMailedLink, takeMailedLink, voidMailedLinks } from './mailed-link.ts'
import { revokeSignIns } from './revoke-sign-ins.ts'
import { voidAccessTokens } from './void-access-tokens.ts'

/**
 * Takes another password, ends all other sign-ins, voids reset links and a change of address under way, and tells the
 * owner. Hashing is done before, so nothing is locked meanwhile; `seenHash` is what the current password was checked
 * against, and a change in between refuses this one.
 *
 * @throws {Problem} `password_wrong`
 */
export async function changePassword(
  tx: Tx,
  input: {
    tenantId: string
    userId: string
    seenHash: string
    passwordHash: string
    keptRefreshToken?: string | undefined
    now: Date
  },
): Promise<void> {
  const { userId, seenHash, keptRefreshToken } = input
  const user = await lockUser(tx, userId)
  if (user.passwordHash !== seenHash) throw new Problem('password_wrong')
  await setPassword(tx, { ...input, keptRefreshToken, isEmailProven: false })
}

/** Refuses a dead link before the work of hashing. @throws {Problem} `link_invalid` */
export function checkResetLink(tx: Tx, input: { token: string; now: Date }): Promise<void> {
  return checkMailedLink(tx, { ...input, purpose: 'reset_password' })
}

/**
 * Takes the password that somebody chose who got our mail, which proves the address as well. Ends every sign-in.
 *
 * @throws {Problem} `link_invalid`, also where the account has another address now.
 */
export async function resetPassword(
  tx: Tx,
  input: { tenantId: string; token: string; passwordHash: string; now: Date },
): Promise<void> {
  const { tenantId, token, passwordHash, now } = input
  const link = await takeMailedLink(tx, { token, purpose: 'reset_password', now })
  const user = await lockUser(tx, link.userId)
  if (user.emailNormalized !== link.emailNormalized) throw new Problem('link_invalid')
  await setPassword(tx, { tenantId, userId: user.id, passwordHash, isEmailProven: true, now })
}

async function setPassword(
  tx: Tx,
  input: {
    tenantId: string
    userId: string
    passwordHash: string
    keptRefreshToken?: string | undefined
    isEmailProven: boolean
    now: Date
  },
): Promise<void> {
  const { tenantId, userId, passwordHash, isEmailProven, now } = input
  await tx.query(setPasswordSql, [userId, passwordHash, isEmailProven ? now : null])
  // Who comes by a mailed link may be taking the account back: what others hold ends with it.
  if (isEmailProven) await voidAccessTokens(tx, { userId, now })
  await revokeSignIns(tx, input)
  await voidMailedLinks(tx, { userId, purpose: 'reset_password', now })
  await enqueueAccountMail(tx, { kind: 'password_changed', tenantId, userId })
}

const setPasswordSql = `
  update users set password_hash = $2, email_verified_at = coalesce(email_verified_at, $3),
    pending_email = null, pending_email_normalized = null
  where id = $1`
