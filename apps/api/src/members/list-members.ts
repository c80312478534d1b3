import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import type { MemberRow } from './member.ts'

/** A provider's team in the order of their accounts; those after `after` only. */
export function listMembers(
  tx: Tx,
  input: { providerId: string; after?: string | undefined; limit: number; now: Date },
): Promise<MemberRow[]> {
  const { providerId, after, limit, now } = input
  return tx.query<MemberRow>(`${membersSql} and ($3::text is null or u.id > $3) order by u.id limit $4`, [
    providerId,
    now,
    after ?? null,
    limit,
  ])
}

/** @throws {Problem} `member_not_found` */
export async function getMember(
  tx: Tx,
  { providerId, userId, now }: { providerId: string; userId: string; now: Date },
): Promise<MemberRow> {
  const [member] = await tx.query<MemberRow>(`${membersSql} and u.id = $3`, [providerId, now, userId])
  if (!member) throw new Problem('member_not_found')
  return member
}

const membersSql = `
  select u.id as "userId", u.email, u.email_verified_at is not null as "emailVerified",
    u.display_name as "displayName", t.role, t.is_primary as "isPrimary", t.joined_at as "joinedAt",
    (select count(*) from api_keys k
     where k.provider_id = $1 and k.created_by = u.id and k.revoked_at is null
       and (k.expires_at is null or k.expires_at > $2)) as "workingKeys"
  from (
    select p.owner_id as user_id, 'owner' as role, true as is_primary, p.created_at as joined_at
    from providers p where p.id = $1
    union all
    select m.user_id, m.role, false, m.created_at
    from provider_members m join providers p on p.id = m.provider_id
    where m.provider_id = $1 and m.user_id <> p.owner_id
  ) t
  join users u on u.id = t.user_id
  where u.deleted_at is null`
