import { lockUser } from '../auth/get-user.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import type { MemberRole } from '../providers/member-role.ts'
import { hashOfToken } from './invitation.ts'

export interface FoundInvitationRow {
  providerId: string
  providerName: string
  email: string
  role: MemberRole
  expiresAt: Date
}

/**
 * What a link invites to, for whoever holds it: it was sent to that address and nowhere else.
 *
 * @throws {Problem} `link_invalid` when it is unknown, used, revoked, replaced or expired; nobody learns which.
 */
export async function findInvitation(
  tx: Tx,
  { token, now }: { token: string; now: Date },
): Promise<FoundInvitationRow> {
  const [found] = await tx.query<FoundInvitationRow>(findSql, [hashOfToken(token), now])
  if (!found) throw new Problem('link_invalid')
  return found
}

/**
 * Joins a team, once, by the account whose address was invited. Whoever is on the team keeps the role they have.
 *
 * @throws {Problem} `link_invalid`; `invitation_for_other_address`, which leaves the link as it was
 */
export async function acceptInvitation(
  tx: Tx,
  { token, userId, now }: { token: string; userId: string; now: Date },
): Promise<{ id: string; providerId: string }> {
  const user = await lockUser(tx, userId)
  const [taken] = await tx.query<{
    id: string
    providerId: string
    role: MemberRole
    emailNormalized: string
  }>(takeSql, [hashOfToken(token), now])
  if (!taken) throw new Problem('link_invalid')
  if (taken.emailNormalized !== user.emailNormalized) throw new Problem('invitation_for_other_address')
  await tx.query(joinSql, [taken.providerId, userId, taken.role, now])
  return { id: taken.id, providerId: taken.providerId }
}

const findSql = `
  select i.provider_id as "providerId", p.name as "providerName", i.email, i.role, i.expires_at as "expiresAt"
  from provider_invitations i join providers p on p.id = i.provider_id
  where i.token_hash = $1 and i.expires_at > $2`

// Deleting is the lock: of two that open one link at once, one joins.
const takeSql = `
  delete from provider_invitations where token_hash = $1 and expires_at > $2
  returning id, provider_id as "providerId", role, email_normalized as "emailNormalized"`

const joinSql = `
  insert into provider_members (provider_id, user_id, role, created_at)
  select p.id, $2, $3, $4 from providers p where p.id = $1 and p.owner_id <> $2
  on conflict (tenant_id, provider_id, user_id) do nothing`
