import { Readable } from 'node:stream'
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { AuditEntry, presentAuditEntry } from '../audit/audit-entry.ts'
import { type AuditFilter, listAudit } from '../audit/list-audit.ts'
import { recordAction } from '../audit/record-action.ts'
import type { Deps } from '../deps.ts'
import { toPage } from '../http/paging.ts'
import { Instant, Page, PageQuery, problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'

const EXPORT_PAGE = 500

const word = (description: string, example: string) =>
  Type.Optional(
    Type.String({ maxLength: 64, pattern: '^[A-Za-z0-9_.-]+$', description, examples: [example] }),
  )

const FILTER = {
  actorId: word('Who did it.', 'usr_01k4w3t9x2qv5m8r7c6z1n0hbd'),
  subjectId: word('What it was done to.', 'prv_01k4w3t9x2qv5m8r7c6z1n0hbd'),
  action: word('What was done.', 'provider.suspend'),
  from: Type.Optional(Instant('From this instant on.')),
  to: Type.Optional(Instant('Before this instant.')),
}

/** The audit log, to read and to take away. Looking at it is on record, too. */
export function registerAuditRoutes(app: App, { db, clock, cursors }: Deps): void {
  app.get(
    '/operators/audit',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'listAudit',
        tags: ['Operations'],
        summary: 'Read the audit log',
        description:
          'Everything that operators, owners and API keys did, newest first. Lines are never changed; each is chained to the one before within a minute. Operators only.',
        querystring: Shape({ ...FILTER, ...PageQuery }),
        response: { 200: Page(AuditEntry), ...problems() },
      },
    },
    async (request) => {
      const { limit = 20, cursor, ...query } = request.query
      const before = cursors.of(request).decode(cursor)
      const rows = await db.inTenant(request.actor.tenantId, async (tx) => {
        await recordAction(tx, { by: request, action: 'audit.search', after: query, now: clock() })
        return listAudit(tx, { filter: readFilter(query), before, limit: limit + 1 })
      })
      return toPage(rows, limit, cursors.of(request), ({ id }) => id, presentAuditEntry)
    },
  )

  app.get(
    '/operators/audit/export',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'exportAudit',
        tags: ['Operations'],
        summary: 'Take the audit log away',
        description:
          'One JSON object per line (NDJSON), newest first, as large as it is. `npm run check-audit` verifies the chain at its source. Operators only.',
        querystring: Shape(FILTER),
        produces: ['application/x-ndjson'],
        response: {
          200: Type.String({ description: 'One entry per line.', examples: ['{"id":"aud_…"}\n'] }),
          ...problems(),
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = request.actor
      const filter = readFilter(request.query)
      await db.inTenant(tenantId, (tx) =>
        recordAction(tx, { by: request, action: 'audit.export', after: request.query, now: clock() }),
      )
      // A page at a time, each its own transaction: a slow reader holds no connection.
      async function* lines() {
        for (let before: string | undefined; ; ) {
          const position = before
          const rows = await db.inTenant(tenantId, (tx) =>
            listAudit(tx, { filter, before: position, limit: EXPORT_PAGE }),
          )
          if (rows.length === 0) return
          yield rows.map((row) => `${JSON.stringify(presentAuditEntry(row))}\n`).join('')
          if (rows.length < EXPORT_PAGE) return
          before = rows.at(-1)?.id
        }
      }
      return (reply as FastifyReply)
        .header('content-type', 'application/x-ndjson; charset=utf-8')
        .header('content-disposition', 'attachment; filename="audit.ndjson"')
        .send(Readable.from(lines())) as never
    },
  )
}

function readFilter({ from, to, ...rest }: Record<string, string | undefined>): AuditFilter {
  return { ...rest, ...(from && { from: new Date(from) }), ...(to && { to: new Date(to) }) }
}
