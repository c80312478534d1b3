import { ONE_VIEW } from '../db.ts'
import type { Deps } from '../deps.ts'
import { userOf } from '../http/authenticate.ts'
import { asJsonOrPage, sendJsonOrPage } from '../http/json-or-page.ts'
import { Id, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { getSession } from '../sessions/get-session.ts'
import { getBalanceChange } from './get-balance-change.ts'
import { getPurchaseReceipt } from './get-purchase-receipt.ts'
import { getSessionReceipt } from './get-session-receipt.ts'
import { BalanceChange, PurchaseReceipt, SessionReceipt } from './receipt.ts'
import { renderPurchaseReceipt, renderSessionReceipt } from './receipt-page.ts'

export function registerReceiptRoutes(app: App, { db, clock, config }: Deps): void {
  const { marketplaceUrl } = config

  app.get(
    '/sessions/:id/receipt',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'getSessionReceipt',
        tags: ['Sessions'],
        summary: 'How a session’s charge came to be',
        description:
          'Hold, time used, price, rounding, charge, release and balance, line by line. As JSON, or as a page with ' +
          '`Accept: text/html`. Of a session that runs: what it would cost, if all is confirmed that was served so far.',
        params: Shape({ id: Id('ses', 'The session.') }),
        response: { 200: asJsonOrPage(SessionReceipt, 'The receipt.'), ...problems('session_not_found') },
      },
    },
    async (request, reply) => {
      const { tenantId, userId } = userOf(request)
      const input = { sessionId: request.params.id, userId, now: clock(), marketplaceUrl }
      // One that is found over is settled first: what reads of one view writes nothing.
      await db.inTenant(tenantId, (tx) => getSession(tx, input))
      const receipt = await db.inTenant(tenantId, (tx) => getSessionReceipt(tx, input), ONE_VIEW)
      return sendJsonOrPage(request, reply, receipt, renderSessionReceipt)
    },
  )

  app.get(
    '/tokens/purchases/:id/receipt',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'getPurchaseReceipt',
        tags: ['Tokens'],
        summary: 'What a purchase cost and did',
        description:
          'List price, discount, what was paid and refunded, and every line it wrote into the wallet. As JSON, or as a ' +
          'page with `Accept: text/html`.',
        params: Shape({ id: Id('pur', 'The purchase.') }),
        response: { 200: asJsonOrPage(PurchaseReceipt, 'The receipt.'), ...problems('purchase_not_found') },
      },
    },
    async (request, reply) => {
      const { tenantId, userId } = userOf(request)
      const { id: purchaseId } = request.params
      const receipt = await db.inTenant(
        tenantId,
        (tx) => getPurchaseReceipt(tx, { purchaseId, userId }),
        ONE_VIEW,
      )
      return sendJsonOrPage(request, reply, receipt, renderPurchaseReceipt)
    },
  )

  app.get(
    '/tokens/history/:id',
    {
      config: { callers: ['user'] },
      schema: {
        operationId: 'getBalanceChange',
        tags: ['Tokens'],
        summary: 'Why did my balance change',
        description:
          'One line of the history, explained down to hold, charge, minutes used and price, with the receipt of the ' +
          'session or the purchase behind it.',
        params: Shape({ id: Id('trf', 'The line.') }),
        response: { 200: BalanceChange, ...problems('history_line_not_found') },
      },
    },
    async (request) => {
      const { tenantId, userId } = userOf(request)
      const input = { lineId: request.params.id, userId, now: clock() }
      return db.inTenant(tenantId, (tx) => getBalanceChange(tx, input), ONE_VIEW)
    },
  )
}
