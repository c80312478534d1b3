/**
 * The growing tables in partitions of a day, made of tables in use as docs/scaling.md says: no statement had to change.
 *
 * @module
 */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { idFloor, PUBLIC_TENANT_ID } from '../apps/api/src/id.ts'
import { rollUpAccounts } from '../apps/api/src/ledger/account-balance.ts'
import { checkLedger } from '../apps/api/src/ledger/check-ledger.ts'
import { foldBeats } from '../apps/api/src/sessions/fold-beats.ts'
import { listTime } from '../apps/api/src/sessions/list-time.ts'
import { createValidation } from '../apps/api/src/sessions/validate-session.ts'
import { type SessionMarket, startSessionMarket } from '../apps/api/test/session-market.ts'
import { withClient } from '../bench/bulk.ts'
import { growingTables, partitionTable } from '../bench/partition.ts'

const DAYS = 10
const DAY_MS = 86_400_000
let it: SessionMarket

beforeAll(async () => {
  it = await startSessionMarket()
  await it.play({ user: it.users[0]!, minutes: 1 })
  const begin = it.api.clock.now().getTime()
  // What there is stays where it lies, as the first of them.
  const limits = Array.from({ length: DAYS }, (_, day) => new Date(begin + (day + 1) * DAY_MS))
  await withClient(it.api.databaseUrl, async (client) => {
    for (const table of growingTables(limits)) await partitionTable(client, table)
    // So many that it matters how they are found: an ended one, again and again, each day, for nothing.
    await client.query(copySessionsSql, [limits.map((at) => idFloor('ses', at))])
    await client.query('analyze sessions')
  })
})
afterAll(() => it.close())

test('a visit that crosses from one partition into the next is charged, and on record like the others', async () => {
  const { db } = it.api.deps
  it.api.clock.advance({ ms: DAY_MS - 120_000 })
  const user = it.users[1]!
  const sessionId = await it.play({ user, minutes: 5 })
  const { body } = await it.as(user, 'GET', '/tokens/history')
  expect(body.items[0]).toMatchObject({ kind: 'charge', amount: -20, sessionId })

  const timeOf = () => db.inTenant(PUBLIC_TENANT_ID, (tx) => listTime(tx, sessionId))
  const before = await timeOf()
  expect(before).toMatchObject({ usedMs: 300_000, isComplete: true })
  await foldBeats(db, { now: new Date(it.api.clock.now().getTime() + 3_600_000) })
  expect(await timeOf()).toEqual(before)

  await db.inBatch(rollUpAccounts)
  expect((await db.inBatch((tx) => checkLedger(tx))).findings).toEqual([])
})

test('validating reads no session older than two days, of however many there are', async () => {
  it.api.clock.advance({ ms: 6 * DAY_MS })
  const { session, launchJwt } = await it.open(it.users[0]!)
  const { db, clock } = it.api.deps
  const read = await db.inBatch(async (tx) => {
    const before = new Map((await tx.query<Counted>(scansSql)).map(({ name, scans }) => [name, scans]))
    const validate = createValidation({ ...db, inBatch: (run) => run(tx) }, 'http://localhost:4001')
    await validate({
      tenantId: PUBLIC_TENANT_ID,
      sessionId: session.id,
      providerId: it.providerId,
      jti: String(decodeJwt(launchJwt).jti),
      clientId: 'client_of_a_partition',
      origin: undefined,
      now: clock(),
    })
    const after = await tx.query<Counted>(scansSql)
    return after.filter(({ name, scans }) => scans > before.get(name)!).map(({ name }) => name)
  })
  expect(read.sort()).toEqual([
    'sessions_p05',
    'sessions_p06',
    'sessions_p07',
    'sessions_p08',
    'sessions_p09',
    'sessions_p10',
  ])
})

const copySessionsSql = `
  insert into sessions
  select (jsonb_populate_record(null::sessions, s.row || jsonb_build_object('id', copy.id, 'launch_jti', copy.id))).*
  from (select to_jsonb(s) || '{ "tokens_per_minute": 0, "tokens_held": 0, "tokens_charged": 0 }' as row from sessions s limit 1) s,
    (select floor || lpad(n::text, 16, '0') as id from unnest($1::text[]) floor, generate_series(1, 1000) n) copy`

interface Counted {
  name: string
  scans: number
}

// What this connection's statements before have counted and not handed in yet stands in it, too.
const scansSql = `
  select relname as name, coalesce(seq_scan, 0) + coalesce(idx_scan, 0) as scans from pg_stat_xact_user_tables
  where pg_partition_root(relid) = 'sessions'::regclass and relid <> 'sessions'::regclass`
