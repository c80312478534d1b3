import type { Db } from '../db.ts'

/** What a row of a session spans at most, so how many rows a session has. */
export const FOLD_MS = 10 * 60_000
/** How long it can be asked what a session's time consists of: longer than banks allow to dispute a card payment. */
export const BEATS_DAYS = 120

const PATIENCE = { statementTimeoutMs: 5 * 60_000 }
const FORGET_MAX = 20_000

/**
 * Moves the log of beats from the order in which it was written to one row per session, for the spans that are over.
 *
 * A row is taken and written by one statement, so running this twice, at the same time or after a crash moves it once.
 * A batch that commits late is moved by a later run, into a row of its own.
 *
 * @returns how many batches were moved.
 */
export async function foldBeats(db: Db, { now }: { now: Date }): Promise<number> {
  const until = floor(now)
  let folded = 0
  for (;;) {
    const [oldest] = await db.batch.query<{ at: Date }>(oldestSql, [until])
    if (!oldest) return folded
    const before = new Date(Math.min(until.getTime(), floor(oldest.at).getTime() + FOLD_MS))
    folded += await db.inBatch(async (tx) => {
      const [moved] = await tx.query<{ batches: number }>(foldSql, [before])
      return moved?.batches ?? 0
    }, PATIENCE)
  }
}

/** Forgets what is older than it is kept for, with what was shown on of sessions that ended or changed hands. */
export async function forgetBeats(db: Db, { now }: { now: Date }): Promise<void> {
  const before = new Date(now.getTime() - BEATS_DAYS * 86_400_000)
  for (const sql of [forgetSql('session_beats', 'last_at'), forgetSql('left_leases', 'left_at')]) {
    let forgotten = FORGET_MAX
    while (forgotten === FORGET_MAX) {
      const [row] = await db.batch.query<{ rows: number }>(sql, [before, FORGET_MAX])
      forgotten = row?.rows ?? 0
    }
  }
}

const floor = (at: Date) => new Date(Math.floor(at.getTime() / FOLD_MS) * FOLD_MS)

const oldestSql = 'select at from beat_batches where at < $1 order by at limit 1'

// Whoever runs this at the same time waits for the rows and finds them gone. In the order of the index, so that what is
// written of it lies together.
const foldSql = `
  with taken as (
    delete from beat_batches where at < $1
    returning tenant_id, kind, session_ids, ats, sequences, active_ms, counted_ms, unbilled_ms, finals, origins
  ), moved as (
    insert into session_beats (tenant_id, session_id, kind, last_at, ats, sequences, active_ms, counted_ms, unbilled_ms,
      finals, origins)
    select t.tenant_id, b.session_id, t.kind, max(b.at), array_agg(b.at), array_agg(b.sequence), array_agg(b.active_ms),
      array_agg(b.counted_ms), array_agg(b.unbilled_ms), array_agg(b.final), array_agg(b.origin)
    from taken t cross join lateral unnest(
        t.session_ids, t.ats, t.sequences, t.active_ms, t.counted_ms, t.unbilled_ms, t.finals, t.origins)
      as b (session_id, at, sequence, active_ms, counted_ms, unbilled_ms, final, origin)
    group by t.tenant_id, b.session_id, t.kind
    order by t.tenant_id, b.session_id
  )
  select count(*) as batches from taken`

// In portions, so that no transaction is long. The statement's snapshot keeps a place from being given to another row. The age
// is asked again because a place says nothing of the partition it is in, should the table be partitioned one day.
const forgetSql = (table: string, isFrom: string) => `
  with forgotten as (
    delete from ${table} where ctid = any (array(
      select ctid from ${table} where ${isFrom} < $1 limit $2)) and ${isFrom} < $1
    returning 1
  )
  select count(*) as rows from forgotten`
