/**
 * How often an address is written to that nobody confirmed: whoever typed it may be a stranger to whom it belongs, and must
 * not fill that mailbox through us, by however many accounts.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { Tx } from '../db.ts'
import type { Deps } from '../deps.ts'

export const MAILS_PER_KIND_AND_HOUR_MAX = 5
export const COUNTED_MS = 3_600_000

/** Sends, unless as many messages of that kind went there within the hour; what could not be sent counts for none. */
export async function sendToUnconfirmed(
  { db, clock }: Pick<Deps, 'db' | 'clock'>,
  to: { tenantId: string; emailNormalized: string; kind: string },
  send: () => Promise<void>,
): Promise<void> {
  const { tenantId, emailNormalized, kind } = to
  const emailHash = createHash('sha256').update(emailNormalized).digest()
  const id = await db.inTenant(tenantId, (tx) => count(tx, { emailHash, kind, now: clock() }))
  if (id === undefined) return
  try {
    await send()
  } catch (error) {
    await db.inTenant(tenantId, (tx) => tx.query('delete from unconfirmed_mails where id = $1', [id]))
    throw error
  }
}

async function count(
  tx: Tx,
  { emailHash, kind, now }: { emailHash: Buffer; kind: string; now: Date },
): Promise<string | undefined> {
  const since = new Date(now.getTime() - COUNTED_MS)
  const values = [emailHash, kind, now, since, MAILS_PER_KIND_AND_HOUR_MAX]
  const [counted] = await tx.query<{ id: string }>(countSql, values)
  return counted?.id
}

// Two jobs at once may both see the last free place: it bounds what arrives, and need not be exact.
const countSql = `
  insert into unconfirmed_mails (email_hash, kind, sent_at)
  select $1::bytea, $2::text, $3::timestamptz
  where (
    select count(*) from unconfirmed_mails where email_hash = $1::bytea and kind = $2::text and sent_at > $4
  ) < $5
  returning id`
