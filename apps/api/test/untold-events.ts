import type { Queryable } from '../src/db.ts'

/**
 * Sessions and providers whose events are not numbered from one on without a gap, up to the number they have themselves;
 * and sessions of which it was told otherwise than once that they earned something.
 *
 * @param tx of the role that sees all tenants, or any connection of the owner of the tables
 */
export function findUntoldEvents(tx: Queryable): Promise<{ id: string; said: string }[]> {
  return tx.query(`
    select o.id, format('at event %s, told %s, earnings %s times', o.event_sequence, e.numbers, coalesce(e.earnings, 0)) as said
    from (
      select tenant_id, id, event_sequence, (coalesce(tokens_charged, 0) > 0)::int as earnings from sessions
      union all
      select tenant_id, id, event_sequence, 0 from providers
    ) o
    left join (
      select tenant_id, coalesce(session_id, provider_id) as id,
        array_agg(sequence order by sequence) filter (where type <> 'earnings.posted') as numbers,
        count(*) filter (where type = 'earnings.posted') as earnings
      from events group by 1, 2
    ) e on e.tenant_id = o.tenant_id and e.id = o.id
    where coalesce(e.numbers, '{}') <> array(select generate_series(1, o.event_sequence))
      or coalesce(e.earnings, 0) <> o.earnings`)
}
