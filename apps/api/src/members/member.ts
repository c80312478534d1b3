/**
 * Who works on a provider: its primary owner, whom payouts go to, and everybody they let in.
 *
 * @module
 */
import { type Static, Type } from '@fastify/type-provider-typebox'
import { Id, Instant, Nullable, Shape } from '../http/schema.ts'
import { type MemberRole, MemberRoleField } from '../providers/member-role.ts'

/** Members and invitations together. */
export const TEAM_MAX = 50

export const Member = Shape(
  {
    userId: Id('usr'),
    email: Type.String({ description: 'The account’s address.', examples: ['ada@example.com'] }),
    emailVerified: Type.Boolean({
      description: 'Whether the address is confirmed; payouts wait for that of the primary owner.',
      examples: [true],
    }),
    displayName: Nullable(
      Type.String({ description: 'As they call themselves.', examples: ['Ada Lovelace'] }),
    ),
    role: MemberRoleField,
    isPrimary: Type.Boolean({
      description: 'The one owner whom payouts go to. Cannot be removed; may transfer the provider.',
      examples: [false],
    }),
    workingKeys: Type.Integer({
      minimum: 0,
      description:
        'API keys they made that still work. A key belongs to the provider: it stays when they go.',
      examples: [1],
    }),
    joinedAt: Instant('Since when.'),
  },
  { description: 'Somebody on a provider’s team.' },
)

export interface MemberRow {
  userId: string
  email: string
  emailVerified: boolean
  displayName: string | null
  role: MemberRole
  isPrimary: boolean
  workingKeys: number
  joinedAt: Date
}

export function presentMember({ joinedAt, ...row }: MemberRow): Static<typeof Member> {
  return { ...row, joinedAt: joinedAt.toISOString() }
}
