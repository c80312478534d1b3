import { createHash } from 'node:crypto'
import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import type { Email } from '../email.ts'
import { Problem } from '../errors.ts'
import { createId } from '../id.ts'
import type { MemberRole } from '../providers/member-role.ts'
import type { ProviderRow } from '../providers/provider.ts'
import {
  INVITATION_COLUMNS,
  INVITATION_DAYS,
  type InvitationRow,
  MAILS_PER_ADDRESS_AND_DAY_MAX,
  MAILS_PER_PROVIDER_AND_DAY_MAX,
} from './invitation.ts'
import { TEAM_MAX } from './member.ts'
import { enqueueMemberMail } from './member-mail.ts'

const DAY_MS = 86_400_000

/**
 * Invites an address. Nothing in the answer, nor in its time, depends on whether somebody has an account there.
 *
 * @throws {Problem} `already_member`, `already_invited`, `limit_reached`, `rate_limited`
 */
export async function createInvitation(
  tx: Tx,
  input: {
    tenantId: string
    /** Locked, so that invitations of one provider are counted one at a time. */
    provider: ProviderRow
    email: Email
    role: MemberRole
    invitedBy: string
    now: Date
  },
): Promise<InvitationRow> {
  const { tenantId, provider, email, role, invitedBy, now } = input
  const [team] = await tx.query<{ isMember: boolean; size: number }>(countTeamSql, [
    provider.id,
    provider.ownerId,
    email.normalized,
    now,
  ])
  assert(team, 'a count is a row')
  if (team.isMember) throw new Problem('already_member')
  const [pending] = await tx.query<{ isExpired: boolean }>(findPendingSql, [
    provider.id,
    email.normalized,
    now,
  ])
  if (pending && !pending.isExpired) throw new Problem('already_invited')
  if (team.size >= TEAM_MAX) throw teamIsFull()
  if (pending) {
    await tx.query('delete from provider_invitations where provider_id = $1 and email_normalized = $2', [
      provider.id,
      email.normalized,
    ])
  }
  await countMail(tx, { providerId: provider.id, emailNormalized: email.normalized, now })
  const [invitation] = await tx.query<InvitationRow>(createSql, [
    createId('inv', now),
    provider.id,
    email.shown,
    email.normalized,
    role,
    invitedBy,
    now,
    new Date(now.getTime() + INVITATION_DAYS * DAY_MS),
  ])
  assert(invitation, 'an invitation was written')
  await enqueueMemberMail(tx, { kind: 'invited', tenantId, invitationId: invitation.id })
  return invitation
}

const teamIsFull = () =>
  new Problem('limit_reached', { detail: `A team has ${TEAM_MAX} members and invitations at most.` })

/**
 * Sends an invitation again, with a new link and all of its days; the link before works no more once it is sent. Needs the
 * provider's row locked: one that ran out takes a place of the team again.
 *
 * @throws {Problem} `invitation_not_found`, `limit_reached`, `rate_limited`
 */
export async function resendInvitation(
  tx: Tx,
  input: { tenantId: string; providerId: string; id: string; now: Date },
): Promise<InvitationRow> {
  const { tenantId, providerId, id, now } = input
  const [before] = await tx.query<{ isExpired: boolean; size: number }>(findResentSql, [providerId, id, now])
  if (before?.isExpired && before.size >= TEAM_MAX) throw teamIsFull()
  const [invitation] = await tx.query<InvitationRow & { emailNormalized: string }>(prolongSql, [
    id,
    providerId,
    new Date(now.getTime() + INVITATION_DAYS * DAY_MS),
  ])
  if (!invitation) throw new Problem('invitation_not_found')
  const { emailNormalized, ...row } = invitation
  await countMail(tx, { providerId, emailNormalized, now })
  await enqueueMemberMail(tx, { kind: 'invited', tenantId, invitationId: id })
  return row
}

async function countMail(
  tx: Tx,
  { providerId, emailNormalized, now }: { providerId: string; emailNormalized: string; now: Date },
): Promise<void> {
  const emailHash = createHash('sha256').update(emailNormalized).digest()
  const since = new Date(now.getTime() - DAY_MS)
  const [asked] = await tx.query<{ ofAddress: number; ofProvider: number }>(countMailsSql, [
    emailHash,
    providerId,
    since,
  ])
  assert(asked, 'a count is a row')
  if (asked.ofAddress >= MAILS_PER_ADDRESS_AND_DAY_MAX) {
    throw new Problem('rate_limited', {
      retryAfterSeconds: 3600,
      detail: 'That address got as many invitations as it may get in a day.',
    })
  }
  if (asked.ofProvider >= MAILS_PER_PROVIDER_AND_DAY_MAX) {
    throw new Problem('limit_reached', {
      detail: `A team sends ${MAILS_PER_PROVIDER_AND_DAY_MAX} invitations in a day at most.`,
    })
  }
  await tx.query('insert into invitation_mails (provider_id, email_hash, asked_at) values ($1, $2, $3)', [
    providerId,
    emailHash,
    now,
  ])
}

/** With the primary owner, and without invitations that ran out. */
const teamSizeSql = (now: string) => `
    1 + (select count(*) from provider_members where provider_id = $1)
      + (select count(*) from provider_invitations where provider_id = $1 and expires_at > ${now})`

const countTeamSql = `
  select
    exists (
      select from users u where u.email_normalized = $3 and u.deleted_at is null and (u.id = $2 or exists (
        select from provider_members m where m.provider_id = $1 and m.user_id = u.id))
    ) as "isMember", ${teamSizeSql('$4')} as size`

const findResentSql = `
  select expires_at <= $3 as "isExpired", ${teamSizeSql('$3')} as size
  from provider_invitations where provider_id = $1 and id = $2`

const findPendingSql = `
  select expires_at <= $3 as "isExpired" from provider_invitations
  where provider_id = $1 and email_normalized = $2`

const createSql = `
  insert into provider_invitations (
    id, provider_id, email, email_normalized, role, invited_by, created_at, expires_at
  )
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  returning ${INVITATION_COLUMNS}`

const prolongSql = `
  update provider_invitations set expires_at = $3 where id = $1 and provider_id = $2
  returning ${INVITATION_COLUMNS}, email_normalized as "emailNormalized"`

const countMailsSql = `
  select
    (select count(*) from invitation_mails where email_hash = $1 and asked_at > $3) as "ofAddress",
    (select count(*) from invitation_mails where provider_id = $2 and asked_at > $3) as "ofProvider"`
