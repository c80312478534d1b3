import { recordAction } from '../audit/record-action.ts'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import { Id, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { FOUND_PURCHASE_COLUMNS } from './list-found.ts'
import {
  type FoundPurchaseRow,
  PurchaseFile,
  presentDated,
  presentFoundPurchase,
  type RefundRow,
} from './looking-up.ts'
import { listRefundsSql } from './refund-purchase.ts'

interface EventRow {
  id: string
  type: string
  outcome: string
  refusedBecause: string | null
  receivedAt: Date
}

export function registerPurchaseFileRoute(app: App, { db, clock }: Deps): void {
  app.get(
    '/operators/purchases/:id',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'getPurchaseFile',
        tags: ['Operations'],
        summary: 'One purchase, with what Stripe said and what was given back',
        description: 'The look is on record in the audit log. Operators only.',
        params: Shape({ id: Id('pur') }),
        response: { 200: PurchaseFile, ...problems('purchase_not_found') },
      },
    },
    async (request) => {
      const { id } = request.params
      const [row, refunds] = await db.inTenant(request.actor.tenantId, async (tx) => {
        await recordAction(tx, { by: request, action: 'purchase.look', subjectId: id, now: clock() })
        const [purchase] = await tx.query<FoundPurchaseRow>(findSql, [id])
        return [purchase, await tx.query<RefundRow>(listRefundsSql, [id])] as const
      })
      if (!row) throw new Problem('purchase_not_found')
      // Stripe's events know no tenant; this purchase is the caller's, so what names it is, too.
      const events = await db.batch.query<EventRow>(eventsSql, [id])
      return {
        ...presentFoundPurchase(row),
        events: events.map(({ receivedAt, ...event }) => ({
          ...event,
          receivedAt: receivedAt.toISOString(),
        })),
        refunds: refunds.map(presentDated),
      }
    },
  )
}

const findSql = `select ${FOUND_PURCHASE_COLUMNS} from purchases where id = $1`

const eventsSql = `
  select id, type, outcome, refused_because as "refusedBecause", received_at as "receivedAt"
  from stripe_events where purchase_id = $1 order by received_at, id limit 200`
