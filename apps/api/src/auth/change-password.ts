import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { addresseeOf, enqueueAccountMail } from './account-mail.ts'
import { type LockedUser, lockUser } from './get-user.ts'
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
  const { userId, seenHash } = input
  const user = await lockUser(tx, userId)
  if (user.passwordHash !== seenHash) throw new Problem('password_wrong')
  await setPassword(tx, { ...input, user, isEmailProven: false })
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
  const proven = { ...user, emailVerifiedAt: user.emailVerifiedAt ?? now }
  await setPassword(tx, { tenantId, user: proven, passwordHash, isEmailProven: true, now })
}

async function setPassword(
  tx: Tx,
  input: {
    tenantId: string
    user: LockedUser
    passwordHash: string
    keptRefreshToken?: string | undefined
    isEmailProven: boolean
    now: Date
  },
): Promise<void> {
  const { tenantId, user, passwordHash, keptRefreshToken, isEmailProven, now } = input
  const userId = user.id
  await tx.query(setPasswordSql, [userId, passwordHash, user.emailVerifiedAt])
  // Who comes by a mailed link may be taking the account back: what others hold ends with it.
  if (isEmailProven) await voidAccessTokens(tx, { userId, now })
  await revokeSignIns(tx, { userId, keptRefreshToken, now })
  await voidMailedLinks(tx, { userId, purpose: 'reset_password', now })
  await enqueueAccountMail(tx, { kind: 'password_changed', tenantId, userId, to: addresseeOf(user) })
}

const setPasswordSql = `
  update users set password_hash = $2, email_verified_at = $3, pending_email = null, pending_email_normalized = null
  where id = $1`
