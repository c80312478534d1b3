import type { Tx } from '../db.ts'
import type { Email } from '../email.ts'
import { Problem } from '../errors.ts'
import { addresseeOf, enqueueAccountMail } from './account-mail.ts'
import { getUser, lockUser } from './get-user.ts'
import { takeMailedLink, voidMailedLinks } from './mailed-link.ts'

export interface EmailStatus {
  email: string
  emailVerified: boolean
  pendingEmail: string | null
}

/** @throws {Problem} `unauthenticated` */
export async function getEmailStatus(tx: Tx, userId: string): Promise<EmailStatus> {
  const { email, emailVerifiedAt, pendingEmail } = await getUser(tx, userId)
  return { email, emailVerified: emailVerifiedAt !== null, pendingEmail }
}

/**
 * Asks for another address. It becomes the account's when the link sent there is opened; until then the old one
 * stays, and hears of it.
 *
 * @throws {Problem} `password_wrong` when the password changed meanwhile, `email_taken`
 */
export async function changeEmail(
  tx: Tx,
  input: { tenantId: string; userId: string; seenHash: string; email: Email },
): Promise<EmailStatus> {
  const { tenantId, userId, seenHash, email } = input
  const user = await lockUser(tx, userId)
  if (user.passwordHash !== seenHash) throw new Problem('password_wrong')
  if (email.normalized === user.emailNormalized) {
    // The same mailbox, written another way: nothing to prove, and nothing stays under way.
    await tx.query(respellSql, [userId, email.shown])
  } else {
    const [other] = await tx.query('select from users where email_normalized = $1', [email.normalized])
    if (other) throw new Problem('email_taken')
    await tx.query(askSql, [userId, email.shown, email.normalized])
    await enqueueAccountMail(tx, { kind: 'email_change_asked', tenantId, userId, to: addresseeOf(user) })
    await enqueueAccountMail(tx, { kind: 'verify_email', tenantId, userId })
  }
  return getEmailStatus(tx, userId)
}

/**
 * Opens a link: the address is its owner's, or becomes the account's where that was asked for.
 *
 * @throws {Problem} `link_invalid`, also where another address was asked for since; `email_taken` when somebody else
 * registered it meanwhile.
 */
export async function verifyEmail(tx: Tx, input: { token: string; now: Date }): Promise<EmailStatus> {
  const { token, now } = input
  const link = await takeMailedLink(tx, { token, purpose: 'verify_email', now })
  const user = await lockUser(tx, link.userId)
  if (link.emailNormalized === user.emailNormalized) {
    await tx.query(verifySql, [user.id, now])
  } else if (link.emailNormalized === user.pendingEmailNormalized) {
    try {
      await tx.query(moveSql, [user.id, now])
    } catch (error) {
      if ((error as { constraint?: string }).constraint === 'email_is_unique')
        throw new Problem('email_taken')
      throw error
    }
    // They were sent to the old address.
    await voidMailedLinks(tx, { userId: user.id, purpose: 'reset_password', now })
  } else throw new Problem('link_invalid', {}, 'the account has another address now')
  return getEmailStatus(tx, user.id)
}

const respellSql = `
  update users set email = $2, pending_email = null, pending_email_normalized = null where id = $1`

const askSql = `update users set pending_email = $2, pending_email_normalized = $3 where id = $1`

const verifySql = `update users set email_verified_at = coalesce(email_verified_at, $2) where id = $1`

const moveSql = `
  update users set email = pending_email, email_normalized = pending_email_normalized, email_verified_at = $2,
    pending_email = null, pending_email_normalized = null
  where id = $1`
