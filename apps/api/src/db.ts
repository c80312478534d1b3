/**
 * PostgreSQL: pools under two roles, transactions at the edge, statements prepared by name.
 *
 * What need not wait for an answer is sent without: a transaction of one statement and `send` is two round trips.
 *
 * @module
 */
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { assert } from './assert.ts'
import { ConfigError } from './config.ts'
import { isStandbyRefusal, noteStandby } from './database-away.ts'
import { readTimestamp } from './read-timestamp.ts'
import { inStatementSpan } from './trace.ts'

/** What answers a statement: a transaction, or a statement that is one of its own. */
export interface Queryable {
  query<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]>
}

/** A running transaction. Verbs get one and never begin, commit or reach for another. */
export interface Tx extends Queryable {
  /** A statement whose answer nobody reads: the commit does not wait for it, and fails with it. */
  send(sql: string, values?: readonly unknown[]): void
}

interface View {
  /** All statements see what was there at the first, and none may write. */
  isOneView?: boolean
}

/** For figures of several statements: of two moments they could contradict one another. */
export const ONE_VIEW = { isOneView: true } as const

export interface Db {
  /** A transaction bound to one tenant by row level security. */
  inTenant<T>(tenantId: string, run: (tx: Tx) => Promise<T>, options?: View): Promise<T>
  /**
   * A transaction across tenants, for batches and jobs: its SQL joins on (tenant_id, id).
   *
   * @param options with a patience of its own for each statement, which is that for locks, too: a job waits for the same job
   *   of another instance instead of failing beside it. It may read whole tables, which batches do not
   */
  inBatch<T>(run: (tx: Tx) => Promise<T>, options?: View & { statementTimeoutMs?: number }): Promise<T>
  /** One statement across tenants, its own transaction. */
  batch: Queryable
  /** How busy the pools are, for metrics. */
  pools(): { name: string; total: number; idle: number; waiting: number }[]
  end(): Promise<void>
}

pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, readTimestamp)
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
const beginning = ({ isOneView = false }: View) =>
  isOneView ? 'begin isolation level repeatable read, read only' : 'begin read write'
/** Serialization failure and deadlock: the transaction did nothing, so it may run again. */
const RETRIABLE = new Set(['40001', '40P01'])
const TRIES_MAX = 4
/** Begun again at once, the victim of a deadlock may overtake whoever waited for it, and meet them in the same circle. */
const AGAIN_MS = 20
/** A busy connection would lead to where it led for ever: to a standby, say, that answers reads and is no longer meant. */
export const CONNECTION_SECONDS_MAX = 300
/** The server ends a statement by itself; where its word does not come, the network is gone. */
const SILENCE_MS = 2_000

export interface DbOptions {
  databaseUrl: string
  /** The login of batches and jobs, where it is another one. */
  batchDatabaseUrl?: string | undefined
  poolSize?: number
  statementTimeoutMs?: number
  /** How long a call waits for a connection, its own or a free one of the pool. */
  connectionTimeoutMs?: number
  /** A client whose idle connection broke; the pool replaces it. */
  onError?: (error: Error) => void
}

export function connect({
  databaseUrl,
  batchDatabaseUrl = databaseUrl,
  poolSize = 10,
  statementTimeoutMs = 10_000,
  connectionTimeoutMs = 5_000,
  onError,
}: DbOptions): Db {
  const open = (role: string, connectionString: string, { isWriting }: { isWriting: boolean }) => {
    const pool = new pg.Pool({
      connectionString,
      max: poolSize,
      connectionTimeoutMillis: connectionTimeoutMs,
      query_timeout: statementTimeoutMs + SILENCE_MS,
      pipeline: true,
      keepAlive: true,
      idleTimeoutMillis: 30_000,
      maxLifetimeSeconds: CONNECTION_SECONDS_MAX,
      application_name: `token-marketplace ${role}`,
      options: [
        `-c role=${role}`,
        `-c statement_timeout=${statementTimeoutMs}`,
        // Before it, so that what waits for a lock is told apart from what works.
        `-c lock_timeout=${Math.floor(statementTimeoutMs / 2)}`,
        '-c idle_in_transaction_session_timeout=15000',
        '-c timezone=UTC',
        // A transaction's first statement does not wait for the answer to `begin`: where that failed, it may not write.
        // A pooler may leave this out; then it waits.
        ...(isWriting ? [] : ['-c default_transaction_read_only=on']),
        // A batch's plan never depends on its values, and planning one costs as much as running it. It is kept, so it must
        // not be that of a table which was empty when it was made: that reads all of it, for each row of each batch.
        ...(role === 'tm_batch' ? ['-c plan_cache_mode=force_generic_plan', '-c enable_seqscan=off'] : []),
      ].join(' '),
      onConnect: (client) => examine(client, role),
    })
    pool.on('error', (error) => onError?.(error))
    // The pool listens to idle connections only. One that breaks inside a transaction would end the process by an
    // event nobody hears; the transaction learns it from its next statement.
    pool.on('connect', (client) => client.on('error', (error) => onError?.(error)))
    return pool
  }
  const pools = {
    app: open('tm_app', databaseUrl, { isWriting: false }),
    batch: open('tm_batch', batchDatabaseUrl, { isWriting: false }),
    /** For statements that are transactions of their own. */
    single: open('tm_batch', batchDatabaseUrl, { isWriting: true }),
  }

  return {
    inTenant(tenantId, run, view = {}) {
      // Set as text because a SET takes no bound values; hence the check.
      assert(TENANT_ID.test(tenantId), 'a tenant id is well formed')
      return transact(pools.app, `${beginning(view)}; set local app.tenant_id = '${tenantId}'`, run)
    },
    inBatch(run, { statementTimeoutMs: own, ...view } = {}) {
      if (own === undefined) return transact(pools.batch, beginning(view), run)
      assert(Number.isSafeInteger(own), 'a timeout is whole milliseconds')
      const patience = `set local statement_timeout = ${own}; set local lock_timeout = ${own}`
      const settings = `${patience}; set local enable_seqscan = on`
      return transact(pools.batch, `${beginning(view)}; ${settings}`, run, own + SILENCE_MS)
    },
    batch: {
      query: (sql, values) =>
        inStatementSpan(sql, async () => {
          const answered = pools.single.query(prepared(sql, values))
          answered.catch(noteStandby('25006'))
          return (await answered).rows
        }),
    },
    pools: () =>
      Object.entries(pools).map(([name, pool]) => ({
        name,
        total: pool.totalCount,
        idle: pool.idleCount,
        waiting: pool.waitingCount,
      })),
    async end() {
      await Promise.all(Object.values(pools).map((pool) => pool.end()))
    },
  }
}

/** Connections on which a statement outside of a transaction writes nothing. */
const readOnlyAlone = new WeakSet<pg.ClientBase>()

/**
 * What is asked for at connecting does not arrive through every pooler. A connection that stayed who it logged in as might be
 * bound by no row level security, and one without a time limit would hold its locks for ever.
 */
async function examine(client: pg.ClientBase, wanted: string): Promise<void> {
  const { rows } = await client.query<{ role: string; limit: string; zone: string; readOnly: string }>(
    `select current_setting('role') as role, current_setting('statement_timeout') as limit,
       current_setting('timezone') as zone, current_setting('default_transaction_read_only') as "readOnly"`,
  )
  const [{ role, limit, zone, readOnly } = { role: '', limit: '', zone: '', readOnly: '' }] = rows
  if (readOnly === 'on') readOnlyAlone.add(client)
  if (role === wanted && limit !== '0' && zone === 'UTC') return
  throw new ConfigError(
    `The database's login works as ${role}, statement_timeout ${limit}, timezone ${zone}; wanted are ${wanted}, a limit and UTC: ` +
      'see docs/operations/logins.md.',
  )
}

/** For the job queue, whose connections have no time limit: they hold locks on jobs only. */
export async function examineRole(client: pg.ClientBase, wanted: string): Promise<void> {
  const { rows } = await client.query<{ role: string }>(`select current_setting('role') as role`)
  if (rows[0]?.role === wanted) return
  throw new ConfigError(
    `The job queue's login works as ${rows[0]?.role}; wanted is ${wanted}: see docs/operations/logins.md.`,
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
    if (attempt > 1) await wait(AGAIN_MS * (attempt - 1) * (1 + Math.random()))
    const client = await pool.connect()
    let broken: Error | undefined
    let firstFailure: unknown
    const send = (sql: string, values?: readonly unknown[]) =>
      inStatementSpan(sql, () => client.query({ ...prepared(sql, values), ...patience }))
    try {
      const sent: Promise<unknown>[] = []
      const note = (sending: Promise<unknown>) => {
        sending.catch((failure: unknown) => {
          firstFailure ??= failure
        })
        sent.push(sending)
      }
      const begun = client.query(begin)
      begun.catch(noteStandby('0A000'))
      note(begun)
      if (!readOnlyAlone.has(client)) await begun
      const result = await run({
        query: async (sql, values) => (await send(sql, values)).rows,
        send: (sql, values) => note(send(sql, values)),
      })
      const committing = client.query('commit')
      note(committing)
      await Promise.all(sent)
      // Of a transaction in which a statement failed, and nobody minded, this is a rollback.
      assert((await committing).command === 'COMMIT', 'what is answered is committed')
      return result
    } catch (last) {
      // Of what was sent without waiting: all that came behind it fails because of it.
      const error = firstFailure ?? last
      // Nobody answers: a rollback would wait as long again. The server rolls back when it learns of the end. Nor does
      // a standby become a primary by waiting: a new connection leads to its successor.
      if (isSilence(error) || isStandbyRefusal(error)) broken = error
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
