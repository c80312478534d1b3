import type { Tx } from '../db.ts'
import { type SessionRow, sessionColumns } from '../sessions/session.ts'
import { PURCHASE_COLUMNS, refundedCentsSql } from '../tokens/purchase.ts'
import type { FoundPurchaseRow, FoundUserRow, TransferRow } from './looking-up.ts'

interface Range {
  before: string | undefined
  limit: number
}

/** People of the tenant, newest first; one where an address or an id is given. */
export function listFoundUsers(
  tx: Tx,
  {
    emailNormalized,
    id,
    before,
    limit,
  }: Range & { emailNormalized?: string | undefined; id?: string | undefined },
): Promise<FoundUserRow[]> {
  return tx.query(usersSql, [emailNormalized ?? null, id ?? null, before ?? null, limit])
}

const usersSql = `
  select u.id, u.email, u.display_name as "displayName", u.created_at as "createdAt", u.is_operator as "isOperator",
    exists (select from providers p where p.owner_id = u.id)
      or exists (select from provider_members m where m.user_id = u.id) as "isProvider",
    coalesce(w.posted, 0) as posted, coalesce(w.held, 0) as held, coalesce(w.debt, 0) as debt
  from users u left join wallets w on w.tenant_id = u.tenant_id and w.id = u.id
  where ($1::text is null or u.email_normalized = $1) and ($2::text is null or u.id = $2)
    and ($3::text is null or u.id < $3)
  order by u.id desc limit $4`

export interface SessionFilter {
  id?: string | undefined
  userId?: string | undefined
  providerId?: string | undefined
  status?: string | undefined
}

export function listFoundSessions(
  tx: Tx,
  { filter, now, before, limit }: Range & { filter: SessionFilter; now: Date },
): Promise<SessionRow[]> {
  const { id, userId, providerId, status } = filter
  return tx.query(status === undefined || status === 'ended' ? sessionsSql : runningSessionsSql, [
    now,
    id ?? null,
    userId ?? null,
    providerId ?? null,
    status ?? null,
    before ?? null,
    limit,
  ])
}

const listSessionsSql = (which: 'true' | 's.ended_at is null') => `
  select ${sessionColumns('$1')} from sessions s
  where ${which} and ($2::text is null or s.id = $2) and ($3::text is null or s.user_id = $3)
    and ($4::text is null or s.provider_id = $4) and ($5::text is null or s.status = $5)
    and ($6::text is null or s.id < $6)
  order by s.id desc limit $7`
const sessionsSql = listSessionsSql('true')
// Few of those that run are pending or paused: without an index of their own all that ever ended would be walked through for them.
const runningSessionsSql = listSessionsSql('s.ended_at is null')

export const FOUND_PURCHASE_COLUMNS = `
  ${PURCHASE_COLUMNS}, user_id as "userId", ${refundedCentsSql('purchases')} as "refundedCents", reversed_tokens as "reversedTokens",
  disputed_cents as "disputedCents", is_disputed as "isDisputed", payment_intent_id as "paymentIntentId"`

export function listFoundPurchases(
  tx: Tx,
  { userId, status, before, limit }: Range & { userId?: string | undefined; status?: string | undefined },
): Promise<FoundPurchaseRow[]> {
  return tx.query(purchasesSql, [userId ?? null, status ?? null, before ?? null, limit])
}

const purchasesSql = `
  select ${FOUND_PURCHASE_COLUMNS} from purchases
  where ($1::text is null or user_id = $1) and ($2::text is null or status = $2) and ($3::text is null or id < $3)
  order by id desc limit $4`

export interface TransferFilter {
  id?: string | undefined
  accountId?: string | undefined
  sessionId?: string | undefined
  purchaseId?: string | undefined
}

export function listFoundTransfers(
  tx: Tx,
  { filter, before, limit }: Range & { filter: TransferFilter },
): Promise<TransferRow[]> {
  const { id, accountId, sessionId, purchaseId } = filter
  return tx.query(transfersSql, [
    id ?? null,
    accountId ?? null,
    sessionId ?? null,
    purchaseId ?? null,
    before ?? null,
    limit,
  ])
}

// No index has all that an account gave or got: those of wallets have what is numbered, the others the rest. Asked for without that
// difference, one wallet's transfers were found by reading all of the tenant's.
const transfersSql = `
  select id, kind, debit_account_id as "debitAccountId", credit_account_id as "creditAccountId", amount,
    session_id as "sessionId", purchase_id as "purchaseId", reverses_id as "reversesId", description,
    created_at as "createdAt"
  from transfers
  where ($1::text is null or id = $1) and ($2::text is null
      or debit_account_id = $2 and debit_sequence is null or debit_account_id = $2 and debit_sequence is not null
      or credit_account_id = $2 and credit_sequence is null or credit_account_id = $2 and credit_sequence is not null)
    and ($3::text is null or session_id = $3) and ($4::text is null or purchase_id = $4)
    and ($5::text is null or id < $5)
  order by id desc limit $6`
