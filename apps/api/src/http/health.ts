/**
 * `/healthz`: the process lives. `/readyz`: it can do its work.
 *
 * @module
 */
import { Type } from '@fastify/type-provider-typebox'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import { listMigrations } from '../migrate.ts'
import { problems, Shape } from './schema.ts'
import type { App } from './server.ts'

const Alive = Shape({
  status: Type.Literal('ok', { description: 'Always ok: an answer is the sign.', examples: ['ok'] }),
})

export function registerHealth(app: App, { db }: Deps): void {
  const expected = listMigrations().map(({ name }) => name)
  app.get(
    '/healthz',
    {
      config: { callers: ['open'], limit: 'none' },
      schema: {
        operationId: 'getHealth',
        tags: ['Operations'],
        summary: 'Answers while the process lives',
        description: 'For liveness probes: looks at nothing outside the process.',
        response: { 200: Alive, ...problems() },
      },
    },
    async () => ({ status: 'ok' as const }),
  )
  app.get(
    '/readyz',
    {
      config: { callers: ['open'], limit: 'none' },
      schema: {
        operationId: 'getReadiness',
        tags: ['Operations'],
        summary: 'Answers 200 when the database does and migrations are current',
        description: 'For load balancers: 503 while this instance should get no traffic.',
        response: { 200: Alive, ...problems('unavailable') },
      },
    },
    async () => {
      const rows = await db.batch
        .query<{ name: string }>('select name from migrations')
        .catch(() => undefined)
      if (!rows) throw new Problem('unavailable', { detail: 'The database does not answer.' })
      const applied = new Set(rows.map(({ name }) => name))
      if (!expected.every((name) => applied.has(name))) {
        throw new Problem('unavailable', { detail: 'Migrations are not current.' })
      }
      return { status: 'ok' as const }
    },
  )
}
