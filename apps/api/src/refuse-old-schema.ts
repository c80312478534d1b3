import { ConfigError } from './config.ts'
import type { Db } from './db.ts'
import { lacksRole } from './explain-failure.ts'
import { listMigrations, QUEUE_REVISION } from './migrate.ts'

/** No such table, no right to see it, no such role to work as: how a schema older than what asks for it answers. */
const OLDER = new Set(['42P01', '42501', '22023'])

/**
 * For a process that may not migrate: it must not find out by failing requests that nobody did.
 *
 * A newer schema is none of its business: the versions of a rolling update share one.
 *
 * @throws {ConfigError} naming what is missing
 */
export async function refuseOldSchema({ batch }: Pick<Db, 'batch'>): Promise<void> {
  const ask = <Row>(sql: string) =>
    batch.query<Row>(sql).catch((error: Error & { code?: string }): Row[] => {
      if (!OLDER.has(error.code ?? '') || lacksRole(error)) throw error
      return []
    })
  const rows = await ask<{ name: string; checksum: string }>('select name, checksum from migrations')
  const applied = new Map(rows.map((row) => [row.name, row.checksum]))
  const missing = listMigrations().filter(({ name }) => !applied.has(name))
  const [queue] = await ask<{ revision: number | null }>(
    'select max(id) as revision from graphile_worker.migrations',
  )
  const what =
    missing.length > 0
      ? `${missing.length} migrations are missing, from ${missing[0]?.name} on`
      : (queue?.revision ?? 0) < QUEUE_REVISION
        ? `the job queue is at ${queue?.revision ?? 'nothing'}, wanted is ${QUEUE_REVISION}`
        : undefined
  if (what !== undefined)
    throw new ConfigError(
      `The schema is older than this version: ${what}. Run "npm run migrate" with DATABASE_OWNER_URL first, or set it here, too: ` +
        'see docs/operations/logins.md.',
    )
  const changed = listMigrations().find(({ name, checksum }) => applied.get(name) !== checksum)
  if (changed) throw new ConfigError(`Migration ${changed.name} was changed after it had been applied.`)
}
