/**
 * A year of sessions with many providers, and what is rolled up of them.
 *
 * Sessions are real rows with ids that begin with their time, as the API makes them. Their outcomes and cohorts are
 * written by the jobs themselves. Activity per quarter is summed from the sessions by one statement here, because the job
 * reads it from events and transfers, of which only the last three days exist: nothing of a page is read from older ones.
 *
 * @module
 */
import { rollUpOutcomes } from '../apps/api/src/analytics/roll-up-outcomes.ts'
import { rollUpRetention } from '../apps/api/src/analytics/roll-up-retention.ts'
import { connect } from '../apps/api/src/db.ts'
import { userId, withClient } from './seed.ts'

export const PROVIDERS = 300
/** Of the provider with the most sessions. */
export const LARGEST_ID = `prv_${'1'.padStart(26, '0')}`

/** @returns how many of the sessions are the largest provider's */
export async function seedAnalytics(url: string, { all, now }: { all: number; now: Date }): Promise<number> {
  const largest = await withClient(url, async (client) => {
    await client.query(`set session_replication_role = replica; set work_mem = '256MB'; select setseed(0.42)`)
    await client.query(functionsSql)
    await client.query(usersSql, [Math.ceil(all / 50)])
    await client.query(providersSql, [PROVIDERS, userId(1)])
    await client.query(sessionsSql, [all, now, Math.ceil(all / 50), PROVIDERS])
    await client.query('vacuum analyze sessions')
    await client.query(eventsSql, [now])
    await client.query(transfersSql, [now])
    await client.query(exposuresSql, [now, LARGEST_ID])
    await client.query(viewsSql, [now])
    await client.query(peopleSql)
    await client.query(quartersSql)
    await client.query(
      `update activity_progress set rolled_until = bench_quarter($1::timestamptz - interval '10 minutes')`,
      [now],
    )
    // So that the jobs below read what is there and not what was.
    await client.query('vacuum analyze')
    const { rows } = await client.query<{ count: number }>(
      'select count(*)::int as count from sessions where provider_id = $1',
      [LARGEST_ID],
    )
    return rows[0]?.count ?? 0
  })
  const db = connect({ databaseUrl: url, poolSize: 2 })
  await rollUpOutcomes(db, { now })
  await rollUpRetention(db)
  await db.end()
  await withClient(url, (client) => client.query('vacuum analyze'))
  return largest
}

// Written out digit by digit, so that PostgreSQL takes it into the statement: a call per row took most of the time.
const digit = (place: number) =>
  `substr('0123456789abcdefghjkmnpqrstvwxyz', ((floor(extract(epoch from at) * 1000)::bigint >> ${5 * (9 - place)}) & 31)::int + 1, 1)`

const functionsSql = `
  create function bench_id(prefix text, at timestamptz, n bigint) returns text language sql immutable parallel safe as $$
    select prefix || '_' || ${Array.from({ length: 10 }, (_, place) => digit(place)).join(' || ')} || lpad(n::text, 16, '0')
  $$;
  create function bench_quarter(at timestamptz) returns timestamptz language sql immutable parallel safe as $$
    select date_bin('15 minutes', at, timestamptz '2000-01-01 00:00:00+00') $$`

const usersSql = `
  insert into users (id, email, email_normalized, password_hash, reference_salt, created_at)
  select 'usr_' || lpad(n::text, 26, '0'), n || '@example.com', n || '@example.com', 'none', 'salt', now()
  from generate_series(1, $1::int) n`

const providersSql = `
  insert into providers (id, owner_id, name, description, category, launch_url, allowed_origins, tokens_per_minute, status,
    created_at, updated_at)
  select 'prv_' || lpad(n::text, 26, '0'), $2, 'Bench ' || n, 'Bench', 'tools', 'http://localhost:4002/',
    '{http://localhost:4002}', 4, 'listed', now(), now()
  from generate_series(1, $1::int) n`

// Few providers have most sessions, and few people come most often. One session runs since the morning.
const sessionsSql = `
  insert into sessions (id, user_id, provider_id, user_ref, status, end_reason, duration_ms, used_ms, tokens_per_minute,
    fee_basis_points, tokens_held, tokens_charged, launch_jti, launch_expires_at, client_id, last_beat_at, created_at,
    started_at, ended_at, sweep_at, is_first_beat_due)
  select bench_id('ses', at, n), 'usr_' || lpad((1 + floor($3 * power(person, 2)))::text, 26, '0'),
    'prv_' || lpad((1 + floor($4 * power(app, 3)))::text, 26, '0'), 'ref_bench',
    case when is_open then 'active' else 'ended' end,
    case when not is_open then case when fate < 0.7 then 'completed' when fate < 0.9 then 'expired' when fate < 0.95
      then 'abandoned' else 'cancelled' end end,
    1800000, case when fate < 0.95 then 60000 * (1 + floor(20 * length)) else 0 end, 4, 2000, 120,
    case when not is_open then case when fate < 0.95 then 4 * (1 + floor(20 * length)) else 0 end end,
    'jti', at, 'bench_client', at, at, case when fate < 0.95 then at end,
    case when not is_open then at + interval '25 minutes' end, $2::timestamptz + interval '20 hours', false
  from (
    select n, $2::timestamptz - interval '26 minutes' - (1 - n / $1::float8) * interval '365 days' as at, random() as person,
      random() as app, random() as fate, random() as length, n = $1 - $1 / 900 as is_open
    from generate_series(1, $1::bigint) n
  ) s`

const LATELY = `created_at >= $1::timestamptz - interval '3 days'`

const eventsSql = `
  insert into events (id, type, provider_id, session_id, sequence, snapshot, created_at)
  select bench_id('evt', e.at, row_number() over ()), e.type, s.provider_id, s.id, 1, '{}', e.at
  from (select * from sessions where ${LATELY}) s
  cross join lateral (
    values ('session.started', s.started_at), ('session.' || s.end_reason, s.ended_at)
  ) e (type, at)
  where e.at is not null and e.type is not null`

const transfersSql = `
  insert into transfers (id, kind, debit_account_id, credit_account_id, amount, debit_sequence, debit_balance_after,
    session_id, description, created_at)
  select bench_id('trf', s.ended_at, row_number() over ()), t.kind, t.debit, t.credit, t.amount,
    case when t.kind = 'charge' then row_number() over () end, case when t.kind = 'charge' then 0 end, s.id, 'bench',
    s.ended_at
  from (select * from sessions where ${LATELY} and tokens_charged > 0) s
  cross join lateral (
    values ('charge', s.user_id, s.provider_id, s.tokens_charged),
      ('fee', s.provider_id, 'platform_fee', s.tokens_charged / 5)
  ) t (kind, debit, credit, amount)
  where t.amount > 0`

const exposuresSql = `
  insert into exposures (session_id, experiment, variant, created_at)
  select id, 'toolbar', (array['top', 'side'])[1 + floor(2 * random())], created_at
  from sessions
  where provider_id = $2 and started_at is not null and created_at >= $1::timestamptz - interval '60 days'`

const viewsSql = `
  insert into listing_views (tenant_id, provider_id, quarter, views)
  select tenant_id, provider_id, bench_quarter(created_at), 3 * count(*)
  from sessions where created_at >= $1::timestamptz - interval '92 days' group by 1, 2, 3`

const peopleSql = `
  insert into activity_people (tenant_id, provider_id, user_id, number, first_quarter)
  select tenant_id, provider_id, user_id, row_number() over (partition by provider_id order by min(started_at), user_id),
    min(bench_quarter(started_at))
  from sessions where started_at is not null group by 1, 2, 3`

const quartersSql = `
  insert into activity_quarters (tenant_id, provider_id, is_test, quarter, opened, validated, completed, expired, abandoned,
    cancelled, revoked, used_ms, gross, fee, people, new_users)
  select s.tenant_id, s.provider_id, false, bench_quarter(s.created_at), count(*), count(s.started_at),
    count(*) filter (where s.end_reason = 'completed'), count(*) filter (where s.end_reason = 'expired'),
    count(*) filter (where s.end_reason = 'abandoned'), count(*) filter (where s.end_reason = 'cancelled'), 0,
    sum(s.used_ms), coalesce(sum(s.tokens_charged), 0), coalesce(sum(s.tokens_charged / 5), 0),
    coalesce(array_agg(distinct p.number order by p.number) filter (where p.number is not null), '{}'),
    count(distinct p.number) filter (where p.first_quarter = bench_quarter(s.created_at))
  from sessions s
  left join activity_people p on p.tenant_id = s.tenant_id and p.provider_id = s.provider_id and p.user_id = s.user_id
    and s.started_at is not null
  group by 1, 2, 4`
