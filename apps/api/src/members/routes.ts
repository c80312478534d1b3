/**
 * A provider's team: who may act for it, and as what.
 *
 * @module
 */
import { Type } from '@fastify/type-provider-typebox'
import { recordAction } from '../audit/record-action.ts'
import { checkPassword } from '../auth/check-password.ts'
import { getUser } from '../auth/get-user.ts'
import type { Passwords } from '../auth/password.ts'
import { CurrentPasswordField } from '../auth/user.ts'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import { userOf } from '../http/authenticate.ts'
import { toPage } from '../http/paging.ts'
import { Id, Page, PageQuery, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { getProviderToChange, getProviderToRead } from '../providers/get-provider.ts'
import { MemberRoleField } from '../providers/member-role.ts'
import { LINE_PATTERN } from '../providers/provider.ts'
import { changeMember, removeMember } from './change-member.ts'
import { registerInvitationRoutes } from './invitation-routes.ts'
import { getMember, listMembers } from './list-members.ts'
import { Member, presentMember } from './member.ts'
import { transferProvider } from './transfer-provider.ts'

const params = Shape({ id: Id('prv', 'The provider.') })
const memberParams = Shape({ id: Id('prv', 'The provider.'), userId: Id('usr', 'The member.') })
const REFUSALS = ['provider_not_found', 'forbidden', 'member_not_found', 'primary_owner_stays'] as const

export function registerMemberRoutes(app: App, deps: Deps, passwords: Passwords): void {
  const { db, clock, cursors } = deps

  registerInvitationRoutes(app, deps)

  app.get(
    '/providers/:id/members',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'listMembers',
        tags: ['Teams'],
        summary: 'A provider’s team',
        description: 'For everybody on it, in the order of their accounts.',
        params,
        querystring: Shape(PageQuery),
        response: { 200: Page(Member), ...problems('provider_not_found') },
      },
    },
    async (request) => {
      const { actor, params, query } = request
      const { limit = 20, cursor } = query
      const after = cursors.of(request).decode(cursor)
      const rows = await db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToRead(tx, params.id, actor)
        return listMembers(tx, { providerId: params.id, after, limit: limit + 1, now: clock() })
      })
      return toPage(rows, limit, cursors.of(request), ({ userId }) => userId, presentMember)
    },
  )

  app.patch(
    '/providers/:id/members/:userId',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'changeMember',
        tags: ['Teams'],
        summary: 'Give a member another role',
        description:
          'For owners. It counts from the member’s next request on. The primary owner stays one: transfer the provider first.',
        params: memberParams,
        body: Shape({ role: MemberRoleField }),
        response: { 200: Member, ...problems(...REFUSALS) },
      },
    },
    async (request) => {
      const { actor, params, body } = request
      const { id, userId } = params
      const now = clock()
      return db.inTenant(actor.tenantId, async (tx) => {
        const provider = await getProviderToChange(tx, id, actor, 'owner')
        const before = await changeMember(tx, { provider, userId, role: body.role })
        await recordAction(tx, {
          by: request,
          action: 'member.change',
          subjectId: id,
          before: { role: before },
          after: { userId, role: body.role },
          now,
        })
        return presentMember(await getMember(tx, { providerId: id, userId, now }))
      })
    },
  )

  app.delete(
    '/providers/:id/members/:userId',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'removeMember',
        tags: ['Teams'],
        summary: 'Remove a member, or leave',
        description:
          'Owners remove others; everybody may remove themselves. It counts at once, on open streams too. Invitations they sent ' +
          'are revoked. API keys they made belong to the provider and go on: rotate those whose secret they know.',
        params: memberParams,
        response: { 204: Type.Null({ description: 'Not on the team any more.' }), ...problems(...REFUSALS) },
      },
    },
    async (request, reply) => {
      const actor = userOf(request)
      const { id, userId } = request.params
      await db.inTenant(actor.tenantId, async (tx) => {
        const isLeaving = userId === actor.userId
        const provider = await getProviderToChange(tx, id, actor, isLeaving ? 'viewer' : 'owner')
        const role = await removeMember(tx, { provider, userId })
        await recordAction(tx, {
          by: request,
          action: isLeaving ? 'member.leave' : 'member.remove',
          subjectId: id,
          before: { userId, role },
          now: clock(),
        })
      })
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/providers/:id/transfer',
    {
      // Guessing the password is guarded like signing in. Repeating it changes nothing.
      config: { callers: ['user'], limit: 'auth', isIdempotent: false },
      schema: {
        operationId: 'transferProvider',
        tags: ['Teams'],
        summary: 'Make another member the primary owner',
        description:
          'By the primary owner, with their password: payouts go to the other one from now on. Both get a mail; the one before ' +
          'stays on the team as an owner.',
        params,
        body: Shape({ userId: Id('usr', 'A member.'), currentPassword: CurrentPasswordField }),
        response: {
          200: Member,
          ...problems('provider_not_found', 'forbidden', 'member_not_found', 'password_wrong'),
        },
      },
    },
    async (request) => {
      const actor = userOf(request)
      const { tenantId } = actor
      const { userId, currentPassword } = request.body
      const { id } = request.params
      const refuseOthers = (ownerId: string) => {
        if (ownerId !== actor.userId)
          throw new Problem('forbidden', { detail: 'Only the primary owner may transfer a provider.' })
      }
      // Before the password is looked at: a stranger learns nothing and costs nothing.
      const seen = await db.inTenant(tenantId, (tx) => getProviderToRead(tx, id, actor, 'owner'))
      refuseOthers(seen.ownerId)
      const seenHash = await checkPassword(
        { db, passwords },
        { tenantId, userId: actor.userId, password: currentPassword },
      )
      const now = clock()
      return db.inTenant(tenantId, async (tx) => {
        const provider = await getProviderToChange(tx, id, actor, 'owner')
        refuseOthers(provider.ownerId)
        // Read once the provider is locked: whoever changed the password meanwhile has thrown this caller out.
        if ((await getUser(tx, actor.userId)).passwordHash !== seenHash) throw new Problem('password_wrong')
        await transferProvider(tx, { tenantId, provider, userId, mustBeMember: true, now })
        await recordAction(tx, {
          by: request,
          action: 'provider.transfer',
          subjectId: id,
          before: { ownerId: provider.ownerId },
          after: { ownerId: userId },
          now,
        })
        return presentMember(await getMember(tx, { providerId: id, userId, now }))
      })
    },
  )

  app.post(
    '/operators/providers/:id/transfer',
    {
      config: { callers: ['operator'], limit: 'write' },
      schema: {
        operationId: 'transferProviderAsOperator',
        tags: ['Teams'],
        summary: 'Give a provider another primary owner',
        description:
          'For a provider whose primary owner cannot be reached any more: to any account. Both get a mail. Operators only.',
        params,
        body: Shape({
          userId: Id('usr', 'The account.'),
          reason: Type.String({
            minLength: 1,
            maxLength: 500,
            pattern: LINE_PATTERN,
            description: 'For the audit log.',
            examples: ['Ticket 4711: the company proved that it owns the app.'],
          }),
        }),
        response: { 200: Member, ...problems('provider_not_found', 'member_not_found') },
      },
    },
    async (request) => {
      const { actor, body } = request
      const { id } = request.params
      const { tenantId } = actor
      const { userId, reason } = body
      const now = clock()
      return db.inTenant(tenantId, async (tx) => {
        const provider = await getProviderToChange(tx, id, actor, 'owner')
        await transferProvider(tx, { tenantId, provider, userId, mustBeMember: false, now })
        await recordAction(tx, {
          by: request,
          action: 'provider.transfer',
          subjectId: id,
          before: { ownerId: provider.ownerId },
          after: { ownerId: userId },
          reason,
          now,
        })
        return presentMember(await getMember(tx, { providerId: id, userId, now }))
      })
    },
  )
}
