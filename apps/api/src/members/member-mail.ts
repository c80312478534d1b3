/**
 * What a team is told by mail. Requests enqueue; the job finds the address and makes the link, so the queue holds
 * neither.
 *
 * @module
 */
import type { Tx } from '../db.ts'
import { enqueue } from '../jobs.ts'

export const MEMBER_MAIL_TASK = 'send-member-mail'

export type MemberMail = { tenantId: string } & (
  | { kind: 'invited'; invitationId: string }
  | { kind: 'transferred'; providerId: string; userId: string }
)

/** In the transaction that gives the reason. */
export function enqueueMemberMail(tx: Tx, mail: MemberMail): Promise<void> {
  return enqueue(tx, MEMBER_MAIL_TASK, mail)
}
