/**
 * What accounts write to people. Requests enqueue; the job makes the link and finds the address, unless another one would be
 * the wrong one: so the queue holds no token, and a request takes the same time whether or not there is such an account.
 *
 * @module
 */
import type { Tx } from '../db.ts'
import { enqueue } from '../jobs.ts'
import type { LockedUser } from './get-user.ts'

export const ACCOUNT_MAIL_TASK = 'send-account-mail'

export type AccountMail = { tenantId: string } & (
  | { kind: 'verify_email'; userId: string }
  | { kind: 'reset_password'; emailNormalized: string; requestedAt: string }
  | { kind: 'password_changed' | 'email_change_asked'; userId: string; to?: Addressee }
  | { kind: 'signed_out'; userId: string }
  /** The row does not know the address any more. */
  | { kind: 'account_deleted'; email: string; isVerified?: boolean }
)

/** Whose address it was: whoever did this may have given the account another one before the message leaves. */
interface Addressee {
  email: string
  isVerified: boolean
}

export const addresseeOf = ({ email, emailVerifiedAt }: LockedUser): Addressee => ({
  email,
  isVerified: emailVerifiedAt !== null,
})

/** In the transaction that gives the reason. */
export function enqueueAccountMail(tx: Tx, mail: AccountMail): Promise<void> {
  return enqueue(tx, ACCOUNT_MAIL_TASK, mail)
}
