/**
 * PostgreSQL: two pools under two roles, transactions at the edge, statements prepared by name.
 *
 * @module
 */
import pg from 'pg'
import { assert } from './assert.ts'
import { ConfigError } from './config.ts'
import { inStatementSpan } from './trace.ts'

/** A running transaction. Verbs get one and never begin, commit or reach for another. */
export interface Tx {
  query<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]>
}

export interface Db {
  /**
   * A transaction bound to one tenant by row level security.
   *
   * @param options with `isOneView` all its statements see what was there at the first, and none may write
   */
  inTenant<T>(tenantId: string, run: (tx: Tx) => Promise<T>, options?: { isOneView?: boolean }): Promise<T>
  /** A transaction across tenants, for batches and jobs: its SQL joins on (tenant_id, id). */
  inBatch<T>(run: (tx: Tx) => Promise<T>, options?: { statementTimeoutMs?: number }): Promise<T>
  /** One statement across tenants, its own transaction. */
  batch: Tx
  /** How busy the pools are, for metrics. */
  pools(): { name: string; total: number; idle: number; waiting: number }[]
  end(): Promise<void>
}

// Whole numbers and sums come back as numbers; an unsafe one is a bug, not a rounding.
pg.types.setTypeParser(pg.types.builtins.INT8, toSafeInteger)
pg.types.setTypeParser(pg.types.builtins.NUMERIC, (text) =>
  text.includes('.') ? Number(text) : toSafeInteger(text),
)

function toSafeInteger(text: string): number {
  const value = Number(text)
  assert(Number.isSafeInteger(value), 'a number from the database is a safe integer')
  return value
}

const TENANT_ID = /^ten_[0-9a-hjkmnp-tv-z]{26}$/
/** Serialization failure and deadlock: the transaction did nothing, so it may run again. */
const RETRIABLE = new Set(['40001', '40P01'])
const TRIES_MAX = 4
/** The server ends a statement by itself; where its word does not come, the network is gone. */
const SILENCE_MS = 2_000

export interface DbOptions {
  databaseUrl: string
  /** The login of batches and jobs, where it is another one. */
  batchDatabaseUrl?: string | undefined
  poolSize?: number
  statementTimeoutMs?: number
  /** A client whose idle connection broke; the pool replaces it. */
  onError?: (error: Error) => void
}

export function connect({
  databaseUrl,
  batchDatabaseUrl = databaseUrl,
  poolSize = 10,
  statementTimeoutMs = 10_000,
  onError,
}: DbOptions): Db {
  const open = (role: string, connectionString: string) => {
    const pool = new pg.Pool({
      connectionString,
      max: poolSize,
      connectionTimeoutMillis: 5_000,
      query_timeout: statementTimeoutMs + SILENCE_MS,
      keepAlive: true,
      idleTimeoutMillis: 30_000,
      application_name: `token-marketplace ${role}`,
      options: [
        `-c role=${role}`,
        `-c statement_timeout=${statementTimeoutMs}`,
        '-c lock_timeout=5000',
        '-c idle_in_transaction_session_timeout=15000',
        '-c timezone=UTC',
        // A batch's plan never depends on its values, and planning one costs as much as running it.
        ...(role === 'tm_batch' ? ['-c plan_cache_mode=force_generic_plan'] : []),
      ].join(' '),
      onConnect: (client) => refuseOtherRole(client, role),
    })
    pool.on('error', (error) => onError?.(error))
    // The pool listens to idle connections only. One that breaks inside a transaction would end the process by an
    // event nobody hears; the transaction learns it from its next statement.
    pool.on('connect', (client) => client.on('error', (error) => onError?.(error)))
    return pool
  }
  const app = open('tm_app', databaseUrl)
  const batchPool = open('tm_batch', batchDatabaseUrl)

  return {
    inTenant(tenantId, run, { isOneView = false } = {}) {
      // Set as text because a SET takes no bound values; hence the check.
      assert(TENANT_ID.test(tenantId), 'a tenant id is well formed')
      const begin = isOneView ? 'begin isolation level repeatable read, read only' : 'begin'
      return transact(app, `${begin}; set local app.tenant_id = '${tenantId}'`, run)
    },
    inBatch(run, { statementTimeoutMs: own } = {}) {
      if (own === undefined) return transact(batchPool, 'begin', run)
      assert(Number.isSafeInteger(own), 'a timeout is whole milliseconds')
      return transact(batchPool, `begin; set local statement_timeout = ${own}`, run, own + SILENCE_MS)
    },
    batch: {
      query: (sql, values) =>
        inStatementSpan(sql, async () => (await batchPool.query(prepared(sql, values))).rows),
    },
    pools: () =>
      [app, batchPool].map((pool, i) => ({
        name: i === 0 ? 'app' : 'batch',
        total: pool.totalCount,
        idle: pool.idleCount,
        waiting: pool.waitingCount,
      })),
    async end() {
      await Promise.all([app.end(), batchPool.end()])
    },
  }
}

/**
 * What is asked for at connecting does not arrive through every pooler. A connection that stayed who it logged in as might be
 * bound by no row level security, and one without a time limit would hold its locks for ever.
 */
async function refuseOtherRole(client: pg.ClientBase, wanted: string): Promise<void> {
  const { rows } = await client.query<{ role: string; limit: string; zone: string }>(
    `select current_setting('role') as role, current_setting('statement_timeout') as limit,
       current_setting('timezone') as zone`,
  )
  const [{ role, limit, zone } = { role: '', limit: '', zone: '' }] = rows
  if (role === wanted && limit !== '0' && zone === 'UTC') return
  throw new ConfigError(
    `The database's login works as ${role}, statement_timeout ${limit}, timezone ${zone}; wanted are ${wanted}, a limit and UTC: ` +
      'see docs/operations/logins.md.',
  )
}

async function transact<T>(
  pool: pg.Pool,
  begin: string,
  run: (tx: Tx) => Promise<T>,
  queryTimeoutMs?: number,
): Promise<T> {
  const patience = queryTimeoutMs === undefined ? {} : { query_timeout: queryTimeoutMs }
  for (let attempt = 1; ; attempt += 1) {
    const client = await pool.connect()
    let broken: Error | undefined
    try {
      await client.query(begin)
      const result = await run({
        query: (sql, values) =>
          inStatementSpan(
            sql,
            async () => (await client.query({ ...prepared(sql, values), ...patience })).rows,
          ),
      })
      await client.query('commit')
      return result
    } catch (error) {
      // Nobody answers: a rollback would wait as long again. The server rolls back when it learns of the end.
      if (isSilence(error)) broken = error
      // A rollback that fails means a connection that is gone: the server has rolled back by itself.
      else
        await client.query('rollback').catch((failure: Error) => {
          broken = failure
        })
      const code = (error as { code?: string }).code
      if (attempt < TRIES_MAX && code !== undefined && RETRIABLE.has(code)) continue
      throw error
    } finally {
      client.release(broken)
    }
  }
}

function isSilence(error: unknown): error is Error {
  return error instanceof Error && error.message === 'Query read timeout'
}

const names = new Map<string, string>()

/** Parsed and planned once per connection. The texts are constants of this program, so the names are bounded. */
function prepared(text: string, values: readonly unknown[] = []) {
  let name = names.get(text)
  if (name === undefined) {
    name = `s${names.size + 1}`
    names.set(text, name)
    assert(names.size < 2000, 'statements are constants, values are bound')
  }
  return { name, text, values: values as unknown[] }
}
