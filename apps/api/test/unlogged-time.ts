import type { Queryable } from '../src/db.ts'

/**
 * Sessions whose log of time does not add up to their own figures, whether folded or not. A beat that counts and is
 * in the log twice, or was applied without it, is here.
 *
 * @param tx of the role that sees all tenants, or any connection of the owner of the tables
 */
export function findUnloggedTime(tx: Queryable): Promise<{ id: string; said: string }[]> {
  return tx.query(`
    select s.id, format('used %s, logged %s; unbilled %s, logged %s; %s beats', s.used_ms, coalesce(t.counted, 0),
      s.unbilled_ms, coalesce(t.unbilled, 0), coalesce(t.beats, 0)) as said
    from sessions s
    left join (
      select tenant_id, session_id, sum(counted_ms) as counted, sum(unbilled_ms) as unbilled,
        count(*) filter (where kind = 'beat') as beats
      from (
        select b.tenant_id, b.kind, t.* from beat_batches b
        cross join lateral unnest(b.session_ids, b.ats, b.sequences, b.counted_ms, b.unbilled_ms)
          as t (session_id, at, sequence, counted_ms, unbilled_ms)
        union all
        select b.tenant_id, b.kind, b.session_id, t.* from session_beats b
        cross join lateral unnest(b.ats, b.sequences, b.counted_ms, b.unbilled_ms)
          as t (at, sequence, counted_ms, unbilled_ms)
      ) rows
      group by tenant_id, session_id
    ) t on t.tenant_id = s.tenant_id and t.session_id = s.id
    where (s.used_ms, s.unbilled_ms) is distinct from (coalesce(t.counted, 0), coalesce(t.unbilled, 0))`)
}
