/**
 * What somebody on a provider's team may do. Each role may all that the one before may.
 *
 * @module
 */
import { Type } from '@fastify/type-provider-typebox'

/** In the order of what they may do. */
export const MEMBER_ROLES = ['viewer', 'developer', 'owner'] as const
export type MemberRole = (typeof MEMBER_ROLES)[number]
/** What an API key may do at most, within its scopes. */
export const KEY_ROLE = 'developer' satisfies MemberRole

export const MemberRoleField = Type.Enum([...MEMBER_ROLES], {
  type: 'string',
  description:
    '`viewer` reads everything but secrets; `developer` also changes the listing, keys, webhooks and the dialog and opens ' +
    'test sessions; `owner` also decides who is on the team.',
  examples: ['developer'],
})

/** @example mayAct('viewer', 'developer') // false */
export function mayAct(role: MemberRole, needed: MemberRole): boolean {
  return MEMBER_ROLES.indexOf(role) >= MEMBER_ROLES.indexOf(needed)
}
