/**
 * `node bench/beat-cost.ts`: what a beat costs PostgreSQL, in processor time and in bytes of WAL, without HTTP around it.
 *
 * Processor time is that of all its processes, from `/proc`, so that what checkpoints and vacuums do for a beat is in
 * it. What folding costs is told apart. Linux only.
 *
 * @module
 */
import { connect } from '../apps/api/src/db.ts'
import { PUBLIC_TENANT_ID } from '../apps/api/src/id.ts'
import { foldBeats } from '../apps/api/src/sessions/fold-beats.ts'
import { createHeartbeat } from '../apps/api/src/sessions/heartbeat.ts'
import { withClient } from './bulk.ts'
import { cpuSeconds } from './cpu.ts'
import { clientId, PROVIDER_ID, seedMarket, sessionId } from './seed.ts'
import { startDatabase } from './stack.ts'

const LIVE = 20_000
const AT_ONCE = 50
const BEATS = 100_000

const database = await startDatabase()
await seedMarket(database.url, { users: 2_000, live: LIVE, all: LIVE })
const db = connect({ databaseUrl: database.url })
const beat = createHeartbeat(db, 'http://localhost:4001')
let turn = 0
const begin = Date.now()

await run(LIVE)
await ask('checkpoint')
let [cpu, wal] = [cpuSeconds(database.pid), await walPosition()]
await run(BEATS)
await report('applied', BEATS)
await ask('checkpoint')
;[cpu, wal] = [cpuSeconds(database.pid), await walPosition()]
await foldBeats(db, { now: new Date(begin + 86_400_000) })
await report('folded', turn)
await db.end()
await database.stop()

async function report(what: string, beats: number): Promise<void> {
  const cpuUs = ((cpuSeconds(database.pid) - cpu) / beats) * 1e6
  const walBytes = ((await walPosition()) - wal) / beats
  process.stdout.write(`${what}: ${cpuUs.toFixed(1)} µs and ${walBytes.toFixed(0)} bytes of WAL a beat\n`)
}

/** Each session in its turn, every half minute of its own clock. */
async function run(beats: number): Promise<void> {
  const until = turn + beats
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (turn < until) {
        const n = turn++
        const sequence = Math.floor(n / LIVE) + 1
        await beat({
          tenantId: PUBLIC_TENANT_ID,
          sessionId: sessionId((n % LIVE) + 1),
          providerId: PROVIDER_ID,
          clientId,
          sequence,
          activeMs: 30_000,
          isFinal: false,
          at: new Date(begin + sequence * 30_000),
          origin: 4_711,
        })
      }
    }),
  )
}

async function walPosition(): Promise<number> {
  const { position } = await ask<{ position: number }>(
    "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint as position",
  )
  return position
}

function ask<Row = unknown>(sql: string): Promise<Row> {
  return withClient(database.url, async (client) => (await client.query(sql)).rows[0] as Row)
}
