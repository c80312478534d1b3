import { Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { recordAction } from '../audit/record-action.ts'
import type { Tx } from '../db.ts'
import type { Deps } from '../deps.ts'
import { EMAIL_CHARACTERS_MAX, normalizeEmail } from '../email.ts'
import { Problem, type ProblemCode } from '../errors.ts'
import { toPage } from '../http/paging.ts'
import { Id, Page, PageQuery, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'
import { presentSession, type SessionRow } from '../sessions/session.ts'
import { registerAuditRoutes } from './audit-routes.ts'
import { registerHealthRoutes } from './health-routes.ts'
import { listFoundPurchases, listFoundSessions, listFoundTransfers, listFoundUsers } from './list-found.ts'
import {
  FoundPurchase,
  FoundSession,
  FoundTransfer,
  FoundUser,
  presentDated,
  presentFoundPurchase,
  presentFoundUser,
} from './looking-up.ts'
import { registerPurchaseFileRoute } from './purchase-file-route.ts'
import { registerRefundRoutes } from './refund-routes.ts'
import { registerSignOutRoute } from './sign-out-route.ts'

const SessionStatus = Type.Union(
  [Type.Literal('pending'), Type.Literal('active'), Type.Literal('paused'), Type.Literal('ended')],
  { description: 'Only those.', examples: ['active'] },
)
const PurchaseStatus = Type.Union(
  [
    Type.Literal('pending'),
    Type.Literal('paid'),
    Type.Literal('failed'),
    Type.Literal('refunded'),
    Type.Literal('disputed'),
  ],
  { description: 'Only those.', examples: ['paid'] },
)
const SEARCH = 'Newest first. The search is on record in the audit log. Operators only.'
const READ = 'The look is on record in the audit log. Operators only.'

/** What operators look up and do. To everybody else these routes do not exist. */
export function registerOperatorRoutes(app: App, deps: Deps): void {
  const { db, clock, cursors, config } = deps
  const only = { callers: ['operator'] } as const

  /** Looks, and writes down that somebody looked: personal data is behind every one of these. */
  function look<T>(
    request: FastifyRequest,
    action: string,
    what: { subjectId?: string; after?: object },
    run: (tx: Tx) => Promise<T>,
  ): Promise<T> {
    return db.inTenant(request.actor.tenantId, async (tx) => {
      await recordAction(tx, { by: request, action, ...what, now: clock() })
      return run(tx)
    })
  }

  /** One row, or the problem that says there is none. */
  async function lookAtOne<Row>(
    request: FastifyRequest,
    action: string,
    missing: ProblemCode,
    list: (tx: Tx) => Promise<Row[]>,
  ): Promise<Row> {
    const { id } = request.params as { id: string }
    const [row] = await look(request, action, { subjectId: id }, list)
    if (!row) throw new Problem(missing)
    return row
  }

  const presentFoundSession = (row: SessionRow) => ({
    session: presentSession(row, clock(), config.marketplaceUrl),
    userId: row.userId,
    isTest: row.isTest,
  })

  app.get(
    '/operators/users',
    {
      config: only,
      schema: {
        operationId: 'listFoundUsers',
        tags: ['Operations'],
        summary: 'Search people by address or id',
        description: SEARCH,
        querystring: Shape({
          email: Type.Optional(
            Type.String({
              maxLength: EMAIL_CHARACTERS_MAX,
              description: 'The whole address, in any case.',
              examples: ['ada@example.com'],
            }),
          ),
          id: Type.Optional(Id('usr')),
          ...PageQuery,
        }),
        response: { 200: Page(FoundUser), ...problems() },
      },
    },
    async (request) => {
      const { email, id, limit = 20, cursor } = request.query
      const before = cursors.of(request).decode(cursor)
      const emailNormalized = email === undefined ? undefined : (normalizeEmail(email)?.normalized ?? '')
      const rows = await look(request, 'user.search', { after: { email, id } }, (tx) =>
        listFoundUsers(tx, { emailNormalized, id, before, limit: limit + 1 }),
      )
      return toPage(rows, limit, cursors.of(request), (row) => row.id, presentFoundUser)
    },
  )

  app.get(
    '/operators/users/:id',
    {
      config: only,
      schema: {
        operationId: 'getFoundUser',
        tags: ['Operations'],
        summary: 'One person',
        description: READ,
        params: Shape({ id: Id('usr') }),
        response: { 200: FoundUser, ...problems('not_found') },
      },
    },
    async (request) =>
      presentFoundUser(
        await lookAtOne(request, 'user.look', 'not_found', (tx) =>
          listFoundUsers(tx, { id: request.params.id, before: undefined, limit: 1 }),
        ),
      ),
  )

  app.get(
    '/operators/sessions',
    {
      config: only,
      schema: {
        operationId: 'listFoundSessions',
        tags: ['Operations'],
        summary: 'Search sessions by person, provider and status',
        description: SEARCH,
        querystring: Shape({
          userId: Type.Optional(Id('usr')),
          providerId: Type.Optional(Id('prv')),
          status: Type.Optional(SessionStatus),
          ...PageQuery,
        }),
        response: { 200: Page(FoundSession), ...problems() },
      },
    },
    async (request) => {
      const { limit = 20, cursor, ...filter } = request.query
      const before = cursors.of(request).decode(cursor)
      const rows = await look(request, 'session.search', { after: filter }, (tx) =>
        listFoundSessions(tx, { filter, now: clock(), before, limit: limit + 1 }),
      )
      return toPage(rows, limit, cursors.of(request), (row) => row.id, presentFoundSession)
    },
  )

  app.get(
    '/operators/sessions/:id',
    {
      config: only,
      schema: {
        operationId: 'getFoundSession',
        tags: ['Operations'],
        summary: 'One session',
        description: READ,
        params: Shape({ id: Id('ses') }),
        response: { 200: FoundSession, ...problems('session_not_found') },
      },
    },
    async (request) => {
      const filter = { id: request.params.id }
      return presentFoundSession(
        await lookAtOne(request, 'session.look', 'session_not_found', (tx) =>
          listFoundSessions(tx, { filter, now: clock(), before: undefined, limit: 1 }),
        ),
      )
    },
  )

  app.get(
    '/operators/purchases',
    {
      config: only,
      schema: {
        operationId: 'listFoundPurchases',
        tags: ['Operations'],
        summary: 'Search purchases by person and status',
        description: SEARCH,
        querystring: Shape({
          userId: Type.Optional(Id('usr')),
          status: Type.Optional(PurchaseStatus),
          ...PageQuery,
        }),
        response: { 200: Page(FoundPurchase), ...problems() },
      },
    },
    async (request) => {
      const { limit = 20, cursor, ...filter } = request.query
      const before = cursors.of(request).decode(cursor)
      const rows = await look(request, 'purchase.search', { after: filter }, (tx) =>
        listFoundPurchases(tx, { ...filter, before, limit: limit + 1 }),
      )
      return toPage(rows, limit, cursors.of(request), (row) => row.id, presentFoundPurchase)
    },
  )

  app.get(
    '/operators/transfers',
    {
      config: only,
      schema: {
        operationId: 'listFoundTransfers',
        tags: ['Operations'],
        summary: 'Search ledger lines by account, session and purchase',
        description: SEARCH,
        querystring: Shape({
          accountId: Type.Optional(
            Type.String({
              maxLength: 64,
              pattern: '^[a-z0-9_:]+$',
              description: 'A user, `debt:` and a user, a provider, or one of the platform’s own accounts.',
              examples: ['platform_fee'],
            }),
          ),
          sessionId: Type.Optional(Id('ses')),
          purchaseId: Type.Optional(Id('pur')),
          ...PageQuery,
        }),
        response: { 200: Page(FoundTransfer), ...problems() },
      },
    },
    async (request) => {
      const { limit = 20, cursor, ...filter } = request.query
      const before = cursors.of(request).decode(cursor)
      const rows = await look(request, 'transfer.search', { after: filter }, (tx) =>
        listFoundTransfers(tx, { filter, before, limit: limit + 1 }),
      )
      return toPage(rows, limit, cursors.of(request), (row) => row.id, presentDated)
    },
  )

  app.get(
    '/operators/transfers/:id',
    {
      config: only,
      schema: {
        operationId: 'getFoundTransfer',
        tags: ['Operations'],
        summary: 'One ledger line',
        description: READ,
        params: Shape({ id: Id('trf') }),
        response: { 200: FoundTransfer, ...problems('not_found') },
      },
    },
    async (request) =>
      presentDated(
        await lookAtOne(request, 'transfer.look', 'not_found', (tx) =>
          listFoundTransfers(tx, { filter: { id: request.params.id }, before: undefined, limit: 1 }),
        ),
      ),
  )

  registerPurchaseFileRoute(app, deps)
  registerRefundRoutes(app, deps)
  registerSignOutRoute(app, deps)
  registerAuditRoutes(app, deps)
  registerHealthRoutes(app, deps)
}
