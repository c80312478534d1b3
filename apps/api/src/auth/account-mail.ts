/**
 * What accounts write to people. Requests enqueue; the job finds the address and makes the link, so the queue holds
 * no token, and a request takes the same time whether or not there is such an account.
 *
 * @module
 */
import type { Tx } from '../db.ts'
import { enqueue } from '../jobs.ts'

export const ACCOUNT_MAIL_TASK = 'send-account-mail'

export type AccountMail = { tenantId: string } & (
  | { kind: 'verify_email'; userId: string }
  | { kind: 'reset_password'; emailNormalized: string; requestedAt: string }
  | { kind: 'password_changed'; userId: string }
  | { kind: 'email_change_asked'; userId: string }
  | { kind: 'signed_out'; userId: string }
  /** The row does not know the address any more. */
  | { kind: 'account_deleted'; email: string; isVerified?: boolean }
)

/** In the transaction that gives the reason. */
export function enqueueAccountMail(tx: Tx, mail: AccountMail): Promise<void> {
  return enqueue(tx, ACCOUNT_MAIL_TASK, mail)
}
