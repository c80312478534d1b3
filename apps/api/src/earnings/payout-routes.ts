import { Type } from '@fastify/type-provider-typebox'
import type { Acting } from '../audit/audit-entry.ts'
import { recordAction } from '../audit/record-action.ts'
import type { Tx } from '../db.ts'
import type { Deps } from '../deps.ts'
import { userOf } from '../http/authenticate.ts'
import { toPage } from '../http/paging.ts'
import { Id, Page, PageQuery, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { getProviderToChange } from '../providers/get-provider.ts'
import { LINE_PATTERN } from '../providers/provider.ts'
import { createPayout } from './create-payout.ts'
import { Payout, type PayoutRow, presentPayout } from './earnings.ts'
import { listPayouts } from './list-payouts.ts'
import { cancelPayout, markPayoutPaid } from './settle-payout.ts'

const params = Shape({ id: Id('prv', 'The provider.') })
const payoutParams = Shape({ id: Id('prv', 'The provider.'), payoutId: Id('pay', 'The payout.') })
const operator = { callers: ['operator'], limit: 'write', isIdempotent: true } as const
const MISSING = ['provider_not_found', 'payout_not_found', 'payout_status_invalid'] as const

/** What operators do with payouts. To everybody else these routes do not exist. */
export function registerPayoutRoutes(app: App, deps: Deps): void {
  const { db, clock, cursors, edge, config } = deps

  const record = (
    tx: Tx,
    by: Acting,
    action: string,
    { id: subjectId, providerId, amount, reference }: PayoutRow,
  ) => recordAction(tx, { by, action, subjectId, after: { providerId, amount, reference }, now: clock() })

  app.get(
    '/operators/payouts',
    {
      config: { callers: ['operator'], limit: 'read' },
      schema: {
        operationId: 'listAllPayouts',
        tags: ['Earnings'],
        summary: 'Payouts of all providers',
        description: 'Newest first; `status=pending` is what is to be transferred. Operators only.',
        querystring: Shape({
          status: Type.Optional(
            Type.Enum(['pending', 'paid', 'cancelled'], {
              description: 'Only those.',
              examples: ['pending'],
            }),
          ),
          ...PageQuery,
        }),
        response: { 200: Page(Payout), ...problems() },
      },
    },
    async (request) => {
      const { limit = 20, cursor, status } = request.query
      const before = cursors.of(request).decode(cursor)
      const rows = await db.inTenant(request.actor.tenantId, async (tx) => {
        await recordAction(tx, { by: request, action: 'payout.search', after: { status }, now: clock() })
        return listPayouts(tx, { providerId: undefined, status, before, limit: limit + 1 })
      })
      return toPage(rows, limit, cursors.of(request), ({ id }) => id, presentPayout)
    },
  )

  app.post(
    '/providers/:id/payouts',
    {
      config: operator,
      schema: {
        operationId: 'createPayout',
        tags: ['Earnings'],
        summary: 'Set an amount aside to be paid out',
        description:
          'At most what is payable, all of it when no amount is named; once the owner’s e-mail address is verified. Operators only.',
        params,
        body: Shape({
          amount: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: Number.MAX_SAFE_INTEGER,
              description: 'In tokens.',
              examples: [4078],
            }),
          ),
        }),
        response: {
          201: Payout,
          ...problems('provider_not_found', 'email_not_verified', 'payout_exceeds_payable'),
        },
      },
    },
    (request, reply) => {
      const { params, body } = request
      const actor = userOf(request)
      const { tokenPriceCents, currency } = config
      return edge.once(request, reply, 201, async (tx) => {
        await getProviderToChange(tx, params.id, actor)
        const now = clock()
        const payout = await createPayout(tx, {
          providerId: params.id,
          amount: body.amount,
          tokenPriceCents,
          currency,
          createdBy: actor.userId,
          now,
        })
        await record(tx, request, 'payout.create', payout)
        return presentPayout(payout)
      }) as never
    },
  )

  app.post(
    '/providers/:id/payouts/:payoutId/pay',
    {
      config: operator,
      schema: {
        operationId: 'markPayoutPaid',
        tags: ['Earnings'],
        summary: 'Book a payout that was transferred',
        description:
          'With the reference of the transfer; the ledger moves it from the provider to `payouts`. Saying it again with the same reference changes nothing. Operators only.',
        params: payoutParams,
        body: Shape({
          reference: Type.String({
            minLength: 1,
            maxLength: 140,
            pattern: LINE_PATTERN,
            description: 'Names the bank transfer.',
            examples: ['SEPA 2026-03-0042'],
          }),
        }),
        response: { 200: Payout, ...problems(...MISSING, 'payout_exceeds_payable') },
      },
    },
    (request, reply) => {
      const { params, body } = request
      return edge.once(request, reply, 200, async (tx) => {
        await getProviderToChange(tx, params.id, request.actor)
        const which = { providerId: params.id, id: params.payoutId, now: clock() }
        const payout = await markPayoutPaid(tx, { ...which, reference: body.reference })
        await record(tx, request, 'payout.pay', payout)
        return presentPayout(payout)
      }) as never
    },
  )

  app.post(
    '/providers/:id/payouts/:payoutId/cancel',
    {
      config: operator,
      schema: {
        operationId: 'cancelPayout',
        tags: ['Earnings'],
        summary: 'Let go of what was set aside',
        description: 'Only while it is not paid. Repeating it changes nothing. Operators only.',
        params: payoutParams,
        response: { 200: Payout, ...problems(...MISSING) },
      },
    },
    (request, reply) => {
      const { params } = request
      return edge.once(request, reply, 200, async (tx) => {
        await getProviderToChange(tx, params.id, request.actor)
        const which = { providerId: params.id, id: params.payoutId, now: clock() }
        const payout = await cancelPayout(tx, which)
        await record(tx, request, 'payout.cancel', payout)
        return presentPayout(payout)
      }) as never
    },
  )
}
