/**
 * A year of sessions with many providers, and what is rolled up of them.
 *
 * Sessions are real rows with ids that begin with their time, as the API makes them. Their outcomes and cohorts are
 * written by the jobs themselves. Activity per quarter is summed from the sessions by one statement here, because the job
 * reads it from events and transfers, of which only the last three days exist: nothing of a page is read from older ones.
 *
 * @module
 */
import { quarterFloor } from '../apps/api/src/analytics/activity.ts'
import { GRACE_MS, rollUpActivityAgain } from '../apps/api/src/analytics/roll-up-activity.ts'
import { rollUpOutcomes } from '../apps/api/src/analytics/roll-up-outcomes.ts'
import { connect } from '../apps/api/src/db.ts'
import { inShares, withClient, withoutIndexes } from './bulk.ts'
import { userId } from './seed.ts'

export const PROVIDERS = 300
const providerId = (n: number) => `prv_${String(n).padStart(26, '0')}`
/** Of the provider with the most sessions. */
export const LARGEST_ID = providerId(1)

/** Everything but the roll-ups, which `rollUp` makes of it. */
export async function seedAnalytics(url: string, { all, now }: { all: number; now: Date }): Promise<void> {
  const users = Math.ceil(all / 50)
  await withClient(url, async (client) => {
    await client.query('set session_replication_role = replica')
    await client.query(functionsSql)
    await client.query(usersSql, [users])
    await client.query(providersSql, [PROVIDERS, userId(1)])
  })
  await withoutIndexes(url, 'sessions', () =>
    inShares(url, all, (client, from, to) =>
      client.query(sessionsSql, [all, now, users, PROVIDERS, from, to]),
    ),
  )
  await withClient(url, async (client) => {
    await client.query('set session_replication_role = replica; select setseed(0.42)')
    await client.query('vacuum analyze sessions')
    await client.query(eventsSql, [now])
    await client.query(transfersSql, [now])
    await client.query(exposuresSql, [now, LARGEST_ID])
    await client.query(viewsSql, [now])
    await client.query('vacuum analyze')
  })
}

/**
 * Sums of sessions per quarter by statements that read all of them at once, outcomes by the job. Then the job looks again
 * at the last two days, of which there is all that it reads, and must find what is written.
 */
export async function rollUp(url: string, { now }: { now: Date }): Promise<void> {
  const until = quarterFloor(new Date(now.getTime() - GRACE_MS))
  await withoutIndexes(url, 'activity_people', () =>
    withoutIndexes(url, 'activity_quarters', () =>
      inShares(url, 1_000, async (client, from, to) => {
        // Half of the sessions, and not of the providers.
        const limit = (part: number) => Math.floor(PROVIDERS * (part / 1_000) ** 3)
        const range = [providerId(limit(from - 1) + 1), providerId(limit(to))]
        await client.query(peopleSql, [...range, until])
        await client.query('analyze activity_people')
        const [lowest, highest, end] = [...range, until.toISOString()].map((text) => `'${text}'`)
        await client.query(
          visitsSql.replace('LOWEST', lowest!).replace('HIGHEST', highest!).replace('UNTIL', end!),
        )
        await client.query(quartersSql, [...range, until])
      }),
    ),
  )
  await withClient(url, async (client) => {
    await client.query('update activity_progress set rolled_until = $1', [until])
    await client.query('vacuum analyze')
  })
  const db = connect({ databaseUrl: url, poolSize: 2 })
  try {
    const written = await readDigest(url, until)
    await rollUpActivityAgain(db)
    if (written !== (await readDigest(url, until)))
      throw new Error('what was seeded is not what the job writes')
    await rollUpOutcomes(db, { now })
  } finally {
    await db.end()
  }
  await withClient(url, (client) => client.query('vacuum analyze'))
}

/** Of the last two days, whose people come from all the year. */
function readDigest(url: string, until: Date): Promise<string | undefined> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ digest: string }>(digestSql, [until])
    return rows[0]?.digest
  })
}

const digestSql = `
  select md5(string_agg(q::text, ' ' order by q.provider_id, q.quarter)) as digest
  from (
    select provider_id, quarter, opened, validated, completed, expired, abandoned, cancelled, used_ms, gross, fee,
      came_before, first_came, first_came_before
    from activity_quarters where quarter >= $1::timestamptz - interval '2 days'
  ) q`

// Written out digit by digit, so that PostgreSQL takes it into the statement: a call per row took most of the time.
const digit = (place: number) =>
  `substr('0123456789abcdefghjkmnpqrstvwxyz', ((floor(extract(epoch from at) * 1000)::bigint >> ${5 * (9 - place)}) & 31)::int + 1, 1)`

const functionsSql = `
  create function bench_id(prefix text, at timestamptz, n bigint) returns text language sql immutable parallel safe as $$
    select prefix || '_' || ${Array.from({ length: 10 }, (_, place) => digit(place)).join(' || ')} || lpad(n::text, 16, '0')
  $$;
  create function bench_quarter(at timestamptz) returns timestamptz language sql immutable parallel safe as $$
    select date_bin('15 minutes', at, timestamptz '2000-01-01 00:00:00+00') $$;
  create function bench_number(at timestamptz) returns integer language sql immutable parallel safe as $$
    select floor(extract(epoch from at) / 900)::integer $$`

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
      random() as app, random() as fate, random() as length, n = $1::bigint - $1::bigint / 900 as is_open
    from generate_series($5::bigint, $6::bigint) n
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
  insert into activity_people (tenant_id, provider_id, user_id, number, first_came, last_came)
  select tenant_id, provider_id, user_id, row_number() over (partition by provider_id order by min(started_at), user_id),
    bench_number(min(started_at)), bench_number(max(started_at))
  from sessions where provider_id between $1 and $2 and started_at < $3 group by 1, 2, 3`

const visitsSql = `
  create temporary table visits as
  select tenant_id, provider_id, number, came, first_came, lag(came, 1, 0) over w as came_before
  from (
    select distinct s.tenant_id, s.provider_id, p.number, p.first_came, bench_number(s.started_at) as came
    from sessions s
    join activity_people p on p.tenant_id = s.tenant_id and p.provider_id = s.provider_id and p.user_id = s.user_id
    where s.provider_id between LOWEST and HIGHEST and s.started_at < UNTIL
  ) v
  window w as (partition by tenant_id, provider_id, number order by came)`

// Each thing that happened in its quarter, as the job has it.
const quartersSql = `
  insert into activity_quarters (tenant_id, provider_id, is_test, quarter, opened, validated, completed, expired, abandoned,
    cancelled, revoked, used_ms, gross, fee, people, came_before, first_came, first_came_before)
  select f.tenant_id, f.provider_id, false, to_timestamp(f.quarter * 900::bigint), f.opened, f.validated, f.completed,
    f.expired, f.abandoned, f.cancelled, 0, f.used_ms, f.gross, f.fee, coalesce(l.people, '{}'),
    coalesce(l.came_before, '{}'), coalesce(l.first_came, '{}'), coalesce(l.first_came_before, '{}')
  from (
    select s.tenant_id, s.provider_id, e.quarter, count(*) filter (where e.is_opening) as opened,
      count(s.started_at) filter (where e.is_opening) as validated,
      count(*) filter (where not e.is_opening and s.end_reason = 'completed') as completed,
      count(*) filter (where not e.is_opening and s.end_reason = 'expired') as expired,
      count(*) filter (where not e.is_opening and s.end_reason = 'abandoned') as abandoned,
      count(*) filter (where not e.is_opening and s.end_reason = 'cancelled') as cancelled,
      coalesce(sum(s.used_ms) filter (where not e.is_opening), 0) as used_ms,
      coalesce(sum(s.tokens_charged) filter (where not e.is_opening), 0) as gross,
      coalesce(sum(s.tokens_charged / 5) filter (where not e.is_opening), 0) as fee
    from sessions s
    cross join lateral (
      values (true, bench_number(s.created_at)), (false, bench_number(s.ended_at))
    ) e (is_opening, quarter)
    where s.provider_id between $1 and $2 and e.quarter < bench_number($3)
    group by 1, 2, 3
  ) f
  left join (
    select tenant_id, provider_id, came, array_agg(number order by came_before, number) as people,
      array_agg(came_before order by came_before, number) as came_before,
      array_agg(first_came order by first_came, came_before) as first_came,
      array_agg(came_before order by first_came, came_before) as first_came_before
    from visits
    group by 1, 2, 3
  ) l on l.tenant_id = f.tenant_id and l.provider_id = f.provider_id and l.came = f.quarter`
