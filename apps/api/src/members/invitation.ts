/**
 * An invitation to a provider's team: for one address, by a mailed link that works once.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { type Static, Type } from '@fastify/type-provider-typebox'
import { Id, Instant, Nullable, Shape } from '../http/schema.ts'
import { type MemberRole, MemberRoleField } from '../providers/member-role.ts'

export const INVITATION_DAYS = 7
/** Whoever invites must not be able to fill a stranger's mailbox through us. */
export const MAILS_PER_ADDRESS_AND_DAY_MAX = 5
export const MAILS_PER_PROVIDER_AND_DAY_MAX = 50
const TOKEN_CHARACTERS_MAX = 200

export const InvitationTokenField = Type.String({
  minLength: 1,
  maxLength: TOKEN_CHARACTERS_MAX,
  description: 'From the link in the mail, behind `token=`.',
  examples: ['tml_0Q3hVv1u8b2mUqkC6l5nN3yq7mX0sPzJwR4tYb9aE1c'],
})

const email = Type.String({ description: 'As it was typed.', examples: ['grace@example.com'] })

export const Invitation = Shape(
  {
    id: Id('inv'),
    email,
    role: MemberRoleField,
    isExpired: Type.Boolean({
      description: 'Whether its link is too old; send it again.',
      examples: [false],
    }),
    createdAt: Instant('When it was made.'),
    expiresAt: Instant(`Until when its link works: ${INVITATION_DAYS} days after it was last asked for.`),
    lastSentAt: Nullable(Instant('When a message last left; null until the first one has.')),
  },
  { description: 'Somebody who was asked to join and has not answered.' },
)

/** What the holder of the link sees before accepting. */
export const FoundInvitation = Shape(
  {
    providerId: Id('prv'),
    providerName: Type.String({ description: 'Of which app.', examples: ['Focus timer'] }),
    email,
    role: MemberRoleField,
    expiresAt: Instant('Until when the link works.'),
  },
  { description: 'What a mailed link invites to.' },
)

export interface InvitationRow {
  id: string
  email: string
  role: MemberRole
  createdAt: Date
  expiresAt: Date
  lastSentAt: Date | null
}

export const INVITATION_COLUMNS = `
  id, email, role, created_at as "createdAt", expires_at as "expiresAt", last_sent_at as "lastSentAt"`

export function presentInvitation(row: InvitationRow, now: Date): Static<typeof Invitation> {
  const { createdAt, expiresAt, lastSentAt, ...rest } = row
  return {
    ...rest,
    isExpired: expiresAt <= now,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    lastSentAt: lastSentAt?.toISOString() ?? null,
  }
}

/** 256 random bits: a plain hash of them is enough. */
export const createInvitationToken = () => `tml_${randomBytes(32).toString('base64url')}`

export const hashOfToken = (token: string) => createHash('sha256').update(token).digest()
