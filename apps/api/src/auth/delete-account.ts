import { randomBytes } from 'node:crypto'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { enqueueAccountMail } from './account-mail.ts'
import { lockUser } from './get-user.ts'
import { voidAccessTokens } from './void-access-tokens.ts'

interface Ties {
  total: number
  debt: number
  hasOpenSessions: boolean
  hasProviders: boolean
  hasPaymentOnItsWay: boolean
}

/** No bank takes longer; an event that never came must not keep an account for ever. */
const PAYMENT_ON_ITS_WAY_MS = 30 * 86_400_000

/**
 * Takes everything out of an account that says whose it was. Its id stays, because the books are append-only and name
 * it: what it bought and spent remains provable, by nobody in particular.
 *
 * Refused while something still runs, is owed or is on its way from a bank, and for tokens that are left unless their
 * owner gives up exactly that many. A session that opens at this very moment runs and is settled like all others; nobody
 * can see it.
 *
 * @throws {Problem} `password_wrong` when the password changed meanwhile, `account_in_use`
 */
export async function deleteAccount(
  tx: Tx,
  input: { tenantId: string; userId: string; seenHash: string; forfeitTokens: number; now: Date },
): Promise<void> {
  const { tenantId, userId, seenHash, forfeitTokens, now } = input
  const user = await lockUser(tx, userId, 'for update')
  if (user.passwordHash !== seenHash) throw new Problem('password_wrong')
  const [ties] = await tx.query<Ties>(tiesSql, [userId, new Date(now.getTime() - PAYMENT_ON_ITS_WAY_MS)])
  if (user.isOperator) refuse('An operator’s account is closed by another operator.')
  if (ties?.hasProviders) refuse('The account owns providers, whose payouts go to it. Transfer them first.')
  if (ties?.hasOpenSessions) refuse('End its open sessions first.')
  if (ties?.hasPaymentOnItsWay) refuse('A payment is on its way: wait for its tokens, or until it failed.')
  if (ties && ties.debt > 0) refuse('Buy tokens to settle what a refund left owing.')
  const total = ties?.total ?? 0
  if (total !== forfeitTokens) {
    throw new Problem('account_in_use', {
      available: total,
      required: 0,
      detail: `${total} tokens are left. Spend them, or give them up by sending forfeitTokens: ${total}.`,
    })
  }
  const isVerified = user.emailVerifiedAt !== null
  await enqueueAccountMail(tx, { kind: 'account_deleted', tenantId, email: user.email, isVerified })
  // No address, so that nobody can have registered it.
  await tx.query(anonymiseSql, [userId, `deleted:${userId}`, randomBytes(16), now])
  await tx.query('delete from mailed_links where user_id = $1', [userId])
  await tx.query('delete from provider_spending_limits where user_id = $1', [userId])
  await tx.query('delete from spending_limits where user_id = $1', [userId])
  await tx.query('delete from provider_members where user_id = $1', [userId])
  await tx.query('delete from provider_invitations where email_normalized = $1 or invited_by = $2', [
    user.emailNormalized,
    userId,
  ])
  // What they bought or registered from here on would belong to nobody.
  await voidAccessTokens(tx, { userId, now })
  await tx.query(endSignInsSql, [userId, now])
}

function refuse(detail: string): never {
  throw new Problem('account_in_use', { detail })
}

const tiesSql = `
  select w.posted as total, w.debt,
    exists (select from sessions s where s.user_id = w.id and s.ended_at is null) as "hasOpenSessions",
    exists (select from providers p where p.owner_id = w.id) as "hasProviders",
    exists (
      select from purchases p
      where p.user_id = w.id and p.status = 'pending' and p.payment_intent_id is not null and p.created_at > $2
    ) as "hasPaymentOnItsWay"
  from wallets w where w.id = $1`

// The salt goes too: without it nobody can tell which providers' references were this person.
const anonymiseSql = `
  update users set email = $2, email_normalized = $2, display_name = null, password_hash = 'none',
    reference_salt = $3, email_verified_at = null, pending_email = null, pending_email_normalized = null,
    has_spending_limits = false, deleted_at = $4
  where id = $1`

const endSignInsSql = `
  update refresh_tokens set user_agent = null, revoked_at = coalesce(revoked_at, $2) where user_id = $1`
