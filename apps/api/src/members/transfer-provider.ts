import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import type { ProviderRow } from '../providers/provider.ts'
import { enqueueMemberMail } from './member-mail.ts'

/**
 * Makes somebody else the primary owner, whom payouts go to from now on. The one before stays on the team as an
 * owner. Both are told by mail.
 *
 * @param input `mustBeMember` is false for an operator, who puts right what an owner cannot any more
 * @throws {Problem} `member_not_found`
 */
export async function transferProvider(
  tx: Tx,
  input: {
    tenantId: string
    /** Locked. */
    provider: ProviderRow
    userId: string
    mustBeMember: boolean
    now: Date
  },
): Promise<void> {
  const { tenantId, provider, userId, mustBeMember, now } = input
  if (userId === provider.ownerId) return
  const [next] = await tx.query<{ isMember: boolean }>(findNextSql, [provider.id, userId])
  if (!next || (mustBeMember && !next.isMember)) throw new Problem('member_not_found')
  await tx.query('delete from provider_members where provider_id = $1 and user_id = $2', [
    provider.id,
    userId,
  ])
  await tx.query(keepFormerSql, [provider.id, provider.ownerId, provider.createdAt])
  const moved = await tx.query(moveSql, [provider.id, userId, now])
  assert(moved.length === 1, 'a locked provider is still there')
  for (const who of [provider.ownerId, userId]) {
    await enqueueMemberMail(tx, { kind: 'transferred', tenantId, providerId: provider.id, userId: who })
  }
}

// The account is locked, so that it cannot be deleted at this moment: a provider is never nobody's.
const findNextSql = `
  select exists (
    select from provider_members m where m.provider_id = $1 and m.user_id = u.id
  ) as "isMember"
  from users u where u.id = $2 and u.deleted_at is null for no key update of u`

const keepFormerSql = `
  insert into provider_members (provider_id, user_id, role, created_at) values ($1, $2, 'owner', $3)`

const moveSql = 'update providers set owner_id = $2, updated_at = $3 where id = $1 returning id'
