import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import type { MemberRole } from '../providers/member-role.ts'
import type { ProviderRow } from '../providers/provider.ts'

interface Which {
  /** Locked: of two that change one team, one waits. */
  provider: ProviderRow
  userId: string
}

/**
 * Gives a member another role.
 *
 * @returns the role before.
 * @throws {Problem} `member_not_found`, `primary_owner_stays`
 */
export async function changeMember(tx: Tx, input: Which & { role: MemberRole }): Promise<MemberRole> {
  const { provider, userId, role } = input
  if (userId === provider.ownerId) throw new Problem('primary_owner_stays')
  const [before] = await tx.query<{ role: MemberRole }>(
    'select role from provider_members where provider_id = $1 and user_id = $2 for update',
    [provider.id, userId],
  )
  if (!before) throw new Problem('member_not_found')
  await tx.query('update provider_members set role = $3 where provider_id = $1 and user_id = $2', [
    provider.id,
    userId,
    role,
  ])
  if (role !== 'owner') await revokeInvitationsOf(tx, { provider, userId })
  return before.role
}

/**
 * Ends a membership, at once: every request asks for it anew.
 *
 * @returns the role they had.
 * @throws {Problem} `member_not_found`, `primary_owner_stays`
 */
export async function removeMember(tx: Tx, { provider, userId }: Which): Promise<MemberRole> {
  if (userId === provider.ownerId) throw new Problem('primary_owner_stays')
  const [removed] = await tx.query<{ role: MemberRole }>(
    'delete from provider_members where provider_id = $1 and user_id = $2 returning role',
    [provider.id, userId],
  )
  if (!removed) throw new Problem('member_not_found')
  await revokeInvitationsOf(tx, { provider, userId })
  return removed.role
}

/** Whoever may not invite any more has invited nobody: else they would come back by another address. */
async function revokeInvitationsOf(tx: Tx, { provider, userId }: Which): Promise<void> {
  await tx.query('delete from provider_invitations where provider_id = $1 and invited_by = $2', [
    provider.id,
    userId,
  ])
}
