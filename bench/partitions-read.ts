/**
 * Which partitions each statement reads, and what a partitioned table no longer promises.
 *
 * @module
 */
import type { Db, Tx } from '../apps/api/src/db.ts'
import { PUBLIC_TENANT_ID } from '../apps/api/src/id.ts'
import { checkLedger } from '../apps/api/src/ledger/check-ledger.ts'
import { listHistory } from '../apps/api/src/ledger/list-history.ts'
import { foldBeats, forgetBeats } from '../apps/api/src/sessions/fold-beats.ts'
import { getSession, listSessions } from '../apps/api/src/sessions/get-session.ts'
import { listTime } from '../apps/api/src/sessions/list-time.ts'
import { sweepSessions } from '../apps/api/src/sessions/sweep-sessions.ts'
import { withClient } from './bulk.ts'
import { createUse, type Market, MONTHS, marketplaceUrl, monthAt } from './month.ts'
import { userId } from './seed.ts'

export const say = (line: string) => process.stdout.write(`${line}\n`)

/** After so many times a statement has the plan it keeps. */
const TIMES = 7

/** By the counters of the running transaction, so what functions of ours read is in it, and what foreign keys ask. */
export async function showPartitionsRead({ db, keys }: Market): Promise<void> {
  const reads = new Map<string, Reads>()
  const watched = watch(db, (tables) => {
    // Of several transactions, the one that reads most.
    for (const { table, read, all } of tables)
      if (read > (reads.get(table)?.read ?? 0)) reads.set(table, { table, read, all })
  })
  const use = createUse({ db: watched, keys })
  const opened: { id: string; jti: string }[] = []
  let next = 0
  const now = (seconds: number) => new Date(monthAt(MONTHS - 1).getTime() + 3 * 86_400_000 + seconds * 1000)
  const own = <T>(run: (tx: Tx) => Promise<T>) => watched.inTenant(PUBLIC_TENANT_ID, run)
  const things: Record<string, (i: number) => Promise<unknown>> = {
    open: async (i) => opened.push(await use.open(i + 1, now(i))),
    validate: (i) => use.validate(opened[i]!.id, opened[i]!.jti, now(20)),
    beat: (i) => use.beat(opened[i]!.id, 1, now(50)),
    complete: (i) => use.complete(opened[i]!.id, now(60)),
    sweep: () => sweepSessions(watched, { now: now(0), marketplaceUrl }),
    'get a session': () =>
      own((tx) => getSession(tx, { sessionId: opened[0]!.id, now: now(70), marketplaceUrl })),
    'list a user’s sessions, a page of 20': () =>
      own((tx) => listSessions(tx, { userId: userId(5), limit: 20, now: now(70) })), // prettier-ignore
    'the same, a page of 2': () =>
      own((tx) => listSessions(tx, { userId: userId(5), limit: 2, now: now(70) })), // prettier-ignore
    'list a wallet’s history': () => own((tx) => listHistory(tx, { walletId: userId(5), limit: 20 })),
    'what a session’s time consists of': () => own((tx) => listTime(tx, opened[next++ % TIMES]!.id)),
    'fold beats': () => foldBeats(watched, { now: now(7_200) }),
    'check the ledger': () => watched.inBatch((tx) => checkLedger(tx), { statementTimeoutMs: 120_000 }),
  }
  say('\npartitions read')
  for (const [what, run] of Object.entries(things)) {
    for (let i = 0; i < TIMES; i += 1) {
      reads.clear()
      await run(i)
    }
    const texts = [...reads.values()].map(({ table, read, all }) => `${table} ${read} of ${all}`)
    say(`${what}: ${texts.sort().join(', ') || 'none'}`)
  }
}

interface Reads {
  table: string
  read: number
  all: number
}

interface Counted {
  relation: string
  root: string
  scans: number
}

// What the statements before have counted and not handed in yet stands in it, too.
const scansSql = `
  select relid::regclass::text as relation, pg_partition_root(relid)::regclass::text as root,
    coalesce(seq_scan, 0) + coalesce(idx_scan, 0) as scans
  from pg_stat_xact_user_tables
  where pg_partition_root(relid) is not null and relid <> pg_partition_root(relid)`

function watch(db: Db, note: (reads: Reads[]) => void): Db {
  const noting =
    <T>(run: (tx: Tx) => Promise<T>) =>
    async (tx: Tx) => {
      const before = new Map(
        (await tx.query<Counted>(scansSql)).map(({ relation, scans }) => [relation, scans]),
      )
      const result = await run(tx)
      const counted = await tx.query<Counted>(scansSql)
      note(
        [...Map.groupBy(counted, ({ root }) => root)].map(([table, partitions]) => ({
          table,
          read: partitions.filter(({ relation, scans }) => scans > (before.get(relation) ?? 0)).length,
          all: partitions.length,
        })),
      )
      return result
    }
  return {
    ...db,
    inTenant: (tenantId, run, options) => db.inTenant(tenantId, noting(run), options),
    inBatch: (run, options) => db.inBatch(noting(run), options),
    batch: { query: (sql, values) => db.inBatch(noting((tx) => tx.query(sql, values))) },
  }
}

export async function showWhatBreaks({ url, db }: Market): Promise<void> {
  say('\nwhat is refused, and what is not')
  await withClient(url, async (client) => {
    const attempt = async (what: string, sql: string, role?: string) => {
      await client.query('begin')
      if (role) await client.query(`set local role ${role}`)
      const outcome = await client.query(sql).then(
        ({ rowCount }) => `not refused, ${rowCount ?? 0} rows`,
        (error: Error) => `refused: ${error.message}`,
      )
      await client.query('rollback')
      say(`${what}: ${outcome}`)
    }
    const copy = (month: string, id: string) => `
      insert into transfers (id, kind, debit_account_id, credit_account_id, amount, debit_sequence, debit_balance_after, session_id,
        description, created_at)
      select ${id}, kind, debit_account_id, credit_account_id, amount, debit_sequence, debit_balance_after, session_id, description,
        created_at
      from ${month} where debit_sequence is not null order by id limit 1`
    await attempt(
      'a second transfer of a wallet with one number, in the same month',
      copy('transfers_p05', `id || '0'`),
    ) // prettier-ignore
    await attempt('the same in another month', copy('transfers_p05', `'trf_zzzz'`))
    await attempt('a transfer changed', `update transfers set amount = amount + 1`)
    await attempt('a month of transfers truncated', 'truncate transfers_p05')
    await attempt('a month of transfers read past the policies', 'select 1 from transfers_p05', 'tm_app')
    await attempt(
      'another tenant’s look at all sessions',
      `set local app.tenant_id = 'ten_00000000000000000000000001'; select 1 from sessions`,
      'tm_app',
    )
    await client.query(`
      insert into exposures (session_id, experiment, variant, created_at)
      select id, 'bench', 'a', created_at from sessions_p05 order by id limit 1`)
    await attempt(
      'a month of sessions detached that an exposure refers to',
      'alter table sessions detach partition sessions_p05',
    ) // prettier-ignore
    await attempt('a month of events dropped', 'drop table events_p05')
  }).catch((error: Error) => say(`not by time: ${error.message}`))
  const count = async (limit: Date) => {
    const [row] = await db.batch.query<{ older: number; newer: number }>(
      'select count(*) filter (where last_at < $1) as older, count(*) filter (where last_at >= $1) as newer from session_beats',
      [limit],
    )
    return row!
  }
  const limit = monthAt(2)
  const before = await count(limit)
  await forgetBeats(db, { now: new Date(limit.getTime() + 120 * 86_400_000) })
  const after = await count(limit)
  say(
    `beats forgotten: ${before.older - after.older} of ${before.older} too old, ${before.newer - after.newer} of ${before.newer} others`,
  ) // prettier-ignore
}
