/**
 * `node bench/call-cost.ts`: what docs/scaling.md calculates with. A session's calls in the API process and in PostgreSQL, in
 * processor time and bytes of WAL; then the bytes of each row that a session of twenty minutes leaves, indexes in them.
 *
 * Two thirds of the sessions get their beats by the verb, at instants of a twenty minutes' life; the others over HTTP. Linux only.
 *
 * @module
 */
import { connect } from '../apps/api/src/db.ts'
import { foldBeats } from '../apps/api/src/sessions/fold-beats.ts'
import { withClient } from './bulk.ts'
import { openLaunches } from './launches.ts'
import { type Call, keepCalls, runLoads } from './load.ts'
import { measureCpuUs } from './meter.ts'
import { createUse, inTurns } from './month.ts'
import {
  accessClaims,
  clientId,
  createSigner,
  PROVIDER_ID,
  seedMarket,
  sessionClaims,
  sessionId,
} from './seed.ts'
import { startApi, startDatabase } from './stack.ts'

const LIVE = 20_000
const CALLED = 8_000
const BEATS_EACH = 40
const CONNECTIONS = 100

const database = await startDatabase()
await seedMarket(database.url, { users: LIVE, live: LIVE, all: LIVE })
const signer = await createSigner(database.url)
const api = await startApi(database.url)

const sessions = Array.from({ length: CALLED }, (_, i) => sessionId(i + 1))
const tokens = sessions.map((id) => signer('session+jwt', sessionClaims(id)))
const of = (verb: string, body: object): Call[] =>
  sessions.map((id, i) => ({
    path: `/api/v1/sessions/${id}/${verb}`,
    token: tokens[i]!,
    body: JSON.stringify(body),
  }))
const beats = of('heartbeat', { clientId, sequence: '@seq', activeMs: 30_000 })
const opensOf = (firstUser: number) =>
  sessions.map((_, i) => ({
    path: '/sessions',
    token: signer('at+jwt', accessClaims(firstUser + i)),
    body: JSON.stringify({ providerId: PROVIDER_ID, durationMinutes: 20 }),
  }))
const read = async () => {
  const [row] = await ask<{ wal: number; commits: number }>(`
    select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint as wal, xact_commit as commits
    from pg_stat_database where datname = current_database()`)
  return row!
}

// Every JWT is seen once, every page written whole once.
await call('', beats, 3)
await call('a beat', beats, 3)
await call('an opening', opensOf(1), 1)
await call('a validation', await openLaunches(api.url, opensOf(CALLED + 1)), 1)
const other = await startApi(database.url)
const elsewhere = await openLaunches(other.url, opensOf(1))
await other.stop()
await call('a validation of what another instance signed', elsewhere, 1)
await call('a completion', of('complete', {}), 1)
await api.stop()

const db = connect({ databaseUrl: database.url })
const use = createUse({ db, keys: undefined as never })
const left = Array.from({ length: LIVE - CALLED }, (_, i) => sessionId(CALLED + i + 1))
const begin = Date.now() + 1_000
for (let k = 1; k <= BEATS_EACH; k += 1)
  await inTurns(left, (id) => use.beat(id, k, new Date(begin + k * 30_000)))
await inTurns(left, (id) => use.complete(id, new Date(begin + BEATS_EACH * 30_000 + 9_000)))
const before = await read()
const [foldUs = 0] = await measureCpuUs([database.pid], () =>
  foldBeats(db, { now: new Date(begin + 86_400_000) }),
)
const beaten = left.length * BEATS_EACH
say(
  `folding a beat: ${(foldUs / beaten).toFixed(1)} µs in PostgreSQL, ${Math.round(((await read()).wal - before.wal) / beaten)} bytes of WAL`,
)
for (const table of ['sessions', 'holds', 'transfers', 'events', 'session_beats']) {
  const [row] = await ask<{ bytes: number; rows: number; each: number }>(`
    select pg_total_relation_size('${table}') as bytes, count(*) as rows, pg_total_relation_size('${table}') / count(*) as each
    from ${table}`)
  say(`${table}: ${row!.each} bytes a row, ${row!.rows} rows`)
}
const [own] = await ask<{ rows: number }>(
  `select (count(*) / ${left.length}.0)::float8 as rows from session_beats where session_id > '${sessionId(CALLED)}'`,
)
say(`a session of ${BEATS_EACH} beats has ${own!.rows.toFixed(1)} rows of beats`)
await db.end()
await database.stop()

async function call(what: string, calls: Call[], times: number): Promise<void> {
  const kept = keepCalls(calls)
  const amount = calls.length * times
  await ask('checkpoint')
  const one = await read()
  const [apiUs = 0, postgresUs = 0] = await measureCpuUs([api.pid, database.pid], () =>
    runLoads([{ url: api.url, calls: kept.file, connections: CONNECTIONS, seconds: 60, amount }]),
  )
  const two = await read()
  kept.drop()
  if (what === '') return
  const each = (total: number, digits = 0) => (total / amount).toFixed(digits)
  say(
    `${what}: ${each(apiUs)} µs in the API, ${each(postgresUs)} µs in PostgreSQL, ${each(two.wal - one.wal)} bytes of WAL, ${each(two.commits - one.commits, 2)} commits`,
  )
}

async function ask<Row = unknown>(sql: string): Promise<Row[]> {
  return withClient(database.url, async (client) => (await client.query(sql)).rows as Row[])
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
