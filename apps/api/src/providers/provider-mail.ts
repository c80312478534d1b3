/**
 * What a provider's people are told by mail. Requests enqueue a job per person; it finds the address and what to say,
 * so the queue holds neither.
 *
 * @module
 */
import type { Tx } from '../db.ts'
import { enqueue } from '../jobs.ts'

export const PROVIDER_MAIL_TASK = 'send-provider-mail'

export interface ProviderMail {
  tenantId: string
  providerId: string
  userId: string
  kind: 'approved' | 'rejected' | 'suspended' | 'change_approved' | 'addresses_approved' | 'change_rejected'
}

/**
 * Who is written to about a provider: whoever may do something about it, so owners and developers, each once. Asked
 * again when a message is sent, because people leave.
 */
export const toldSql = `
  select p.tenant_id, p.id as provider_id, p.owner_id as user_id from providers p
  union
  select m.tenant_id, m.provider_id, m.user_id from provider_members m where m.role in ('owner', 'developer')`

/** In the transaction that gives the reason. What was not sent yet is replaced: only the latest is news. */
export async function enqueueProviderMail(tx: Tx, mail: Omit<ProviderMail, 'userId'>): Promise<void> {
  const told = await tx.query<{ userId: string }>(listToldSql, [mail.providerId])
  for (const { userId } of told) {
    await enqueue(tx, PROVIDER_MAIL_TASK, { ...mail, userId }, { key: `told/${mail.providerId}/${userId}` })
  }
}

const listToldSql = `select t.user_id as "userId" from (${toldSql}) t where t.provider_id = $1 order by 1`
