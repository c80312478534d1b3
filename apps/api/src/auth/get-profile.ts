import type { Static } from '@fastify/type-provider-typebox'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { type Profile, presentUser, type UserRow } from './user.ts'

interface ProfileRow extends UserRow {
  isOperator: boolean
  isProvider: boolean
}

/** @throws {Problem} `unauthenticated` when the account behind a still valid access token is gone. */
export async function getProfile(tx: Tx, userId: string): Promise<Static<typeof Profile>> {
  const [user] = await tx.query<ProfileRow>(getProfileSql, [userId])
  if (!user) throw new Problem('unauthenticated', {}, 'the account is gone')
  const { isProvider, isOperator } = user
  return {
    ...presentUser(user),
    roles: [
      'user',
      ...(isProvider ? ['provider' as const] : []),
      ...(isOperator ? ['operator' as const] : []),
    ],
  }
}

const getProfileSql = `
  select u.id, u.email, u.display_name as "displayName", u.created_at as "createdAt", u.is_operator as "isOperator",
    exists (select from providers p where p.owner_id = u.id)
      or exists (select from provider_members m where m.user_id = u.id) as "isProvider"
  from users u where u.id = $1 and u.deleted_at is null`
