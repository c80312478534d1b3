import { Type } from '@fastify/type-provider-typebox'
import { recordAction } from '../audit/record-action.ts'
import { readEmail } from '../auth/read-email.ts'
import { EmailField } from '../auth/user.ts'
import type { Deps } from '../deps.ts'
import { userOf } from '../http/authenticate.ts'
import { toPage } from '../http/paging.ts'
import { Id, Page, PageQuery, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { getProviderToChange, getProviderToRead } from '../providers/get-provider.ts'
import { MemberRoleField } from '../providers/member-role.ts'
import { acceptInvitation, findInvitation } from './accept-invitation.ts'
import { createInvitation, resendInvitation } from './create-invitation.ts'
import { FoundInvitation, Invitation, InvitationTokenField, presentInvitation } from './invitation.ts'
import { listInvitations } from './list-invitations.ts'
import { getMember } from './list-members.ts'
import { Member, presentMember, TEAM_MAX } from './member.ts'
import { revokeInvitation } from './revoke-invitation.ts'

const params = Shape({ id: Id('prv', 'The provider.') })
const invitationParams = Shape({
  id: Id('prv', 'The provider.'),
  invitationId: Id('inv', 'The invitation.'),
})

/** Owners invite by address; whoever holds the mailed link and has that address joins. */
export function registerInvitationRoutes(app: App, { db, clock, cursors, edge }: Deps): void {
  app.post(
    '/providers/:id/invitations',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'createInvitation',
        tags: ['Teams'],
        summary: 'Invite somebody to the team',
        description:
          'For owners. A link is mailed that works once, for seven days, for an account with that address; one may be registered ' +
          'on the way. The answer is the same whether or not there is such an account. ' +
          `At most ${TEAM_MAX} members and invitations per team.`,
        params,
        body: Shape({ email: EmailField, role: MemberRoleField }),
        response: {
          201: Invitation,
          ...problems(
            'provider_not_found',
            'forbidden',
            'already_member',
            'already_invited',
            'limit_reached',
          ),
        },
      },
    },
    (request, reply) => {
      const { tenantId, userId } = userOf(request)
      const { id } = request.params
      const email = readEmail(request.body.email, '/email')
      return edge.once(request, reply, 201, async (tx) => {
        const now = clock()
        const provider = await getProviderToChange(tx, id, request.actor, 'owner')
        const { role } = request.body
        const invitation = await createInvitation(tx, {
          tenantId,
          provider,
          email,
          role,
          invitedBy: userId,
          now,
        })
        await recordAction(tx, {
          by: request,
          action: 'invitation.create',
          subjectId: id,
          // Not the address: the log is for ever, and whoever is invited agreed to nothing.
          after: { invitationId: invitation.id, role },
          now,
        })
        return presentInvitation(invitation, now)
      }) as never
    },
  )

  app.get(
    '/providers/:id/invitations',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'listInvitations',
        tags: ['Teams'],
        summary: 'Invitations that nobody answered yet',
        description: 'For owners; newest first. One that ran out is shown for 30 days.',
        params,
        querystring: Shape(PageQuery),
        response: { 200: Page(Invitation), ...problems('provider_not_found', 'forbidden') },
      },
    },
    async (request) => {
      const { actor, params, query } = request
      const { limit = 20, cursor } = query
      const before = cursors.of(request).decode(cursor)
      const rows = await db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToRead(tx, params.id, actor, 'owner')
        return listInvitations(tx, { providerId: params.id, before, limit: limit + 1 })
      })
      const now = clock()
      return toPage(
        rows,
        limit,
        cursors.of(request),
        ({ id }) => id,
        (row) => presentInvitation(row, now),
      )
    },
  )

  app.post(
    '/providers/:id/invitations/:invitationId/resend',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'resendInvitation',
        tags: ['Teams'],
        summary: 'Send an invitation again',
        description:
          'For owners. With a new link and another seven days; the link before works no more. At most five a day go to one address.',
        params: invitationParams,
        response: {
          200: Invitation,
          ...problems('provider_not_found', 'forbidden', 'invitation_not_found', 'limit_reached'),
        },
      },
    },
    (request, reply) => {
      const { tenantId } = userOf(request)
      const { id, invitationId } = request.params
      return edge.once(request, reply, 200, async (tx) => {
        const now = clock()
        await getProviderToChange(tx, id, request.actor, 'owner')
        const invitation = await resendInvitation(tx, { tenantId, providerId: id, id: invitationId, now })
        await recordAction(tx, {
          by: request,
          action: 'invitation.resend',
          subjectId: id,
          after: { invitationId },
          now,
        })
        return presentInvitation(invitation, now)
      }) as never
    },
  )

  app.delete(
    '/providers/:id/invitations/:invitationId',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'revokeInvitation',
        tags: ['Teams'],
        summary: 'Take an invitation back',
        description: 'For owners. Its link works no more, at once.',
        params: invitationParams,
        response: {
          204: Type.Null({ description: 'Taken back.' }),
          ...problems('provider_not_found', 'forbidden', 'invitation_not_found'),
        },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      const { id, invitationId } = params
      await db.inTenant(actor.tenantId, async (tx) => {
        await getProviderToChange(tx, id, actor, 'owner')
        await revokeInvitation(tx, { providerId: id, id: invitationId })
        await recordAction(tx, {
          by: request,
          action: 'invitation.revoke',
          subjectId: id,
          before: { invitationId },
          now: clock(),
        })
      })
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/invitations/find',
    {
      config: { callers: ['open'] },
      schema: {
        operationId: 'findInvitation',
        tags: ['Teams'],
        summary: 'What a mailed link invites to',
        description: 'For whoever holds the token, also before they have an account. Changes nothing.',
        body: Shape({ token: InvitationTokenField }),
        response: { 200: FoundInvitation, ...problems('link_invalid') },
      },
    },
    async ({ actor, body }) => {
      const found = await db.inTenant(actor.tenantId, (tx) =>
        findInvitation(tx, { token: body.token, now: clock() }),
      )
      return { ...found, expiresAt: found.expiresAt.toISOString() }
    },
  )

  app.post(
    '/invitations/accept',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'acceptInvitation',
        tags: ['Teams'],
        summary: 'Join a team',
        description:
          'Signed in to an account with the address that was invited; another account is refused and leaves the link as it was.',
        body: Shape({ token: InvitationTokenField }),
        response: {
          200: Shape({ providerId: Id('prv', 'The provider.'), member: Member }),
          ...problems('link_invalid', 'invitation_for_other_address'),
        },
      },
    },
    (request, reply) => {
      const { userId } = userOf(request)
      return edge.once(request, reply, 200, async (tx) => {
        const now = clock()
        const { id, providerId } = await acceptInvitation(tx, {
          token: request.body.token,
          userId,
          now,
        })
        const member = await getMember(tx, { providerId, userId, now })
        await recordAction(tx, {
          by: request,
          action: 'member.join',
          subjectId: providerId,
          after: { userId, role: member.role, invitationId: id },
          now,
        })
        return { providerId, member: presentMember(member) }
      }) as never
    },
  )
}
