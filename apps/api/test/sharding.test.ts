/**
 * The rules of a PostgreSQL that spreads tenants over machines (Citus), read from the catalogue: a row is found, unique and
 * referred to by its tenant first. So `tenant_id` can become the column by which rows are spread, without changing a table. And
 * what a partitioned table asks of a statement.
 *
 * @module
 */
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect } from '../src/db.ts'
import { PUBLIC_TENANT_ID } from '../src/id.ts'
import { forgetBeats } from '../src/sessions/fold-beats.ts'
import { createTestDatabase } from './database.ts'

let database: Awaited<ReturnType<typeof createTestDatabase>>
let client: pg.Client

beforeAll(async () => {
  database = await createTestDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

const find = async (sql: string) =>
  (await client.query<{ name: string }>(sql)).rows.map(({ name }) => name).sort()

/** Tables whose rows belong to a tenant. */
const TENANTS = `(select attrelid from pg_attribute a join pg_class c on c.oid = a.attrelid
  where a.attname = 'tenant_id' and not a.attisdropped and c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace)`

/** Small, and read for every tenant: the same on each machine. */
const SHARED = [
  // But this one, which each machine would have for itself: transaction ids are counted by each.
  'account_watermark',
  'activity_progress',
  'analytics_progress',
  'audit_chain_keys',
  'ledger_checks',
  'migrations',
  'signing_keys',
  'stripe_events',
  'tenants',
]

/**
 * What would have to change first: the audit's chain is one over all tenants, and a key is found by its hash before its
 * tenant is known.
 */
const KNOWN = ['api_key_secret_is_unique', 'audit_links_pkey']

test('a table belongs to tenants or is one of the few that all share', async () => {
  const shared = await find(`select relname as name from pg_class
    where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace and oid not in ${TENANTS}`)
  expect(shared).toEqual(SHARED)
})

test('whatever is unique in a tenant’s table contains the tenant, but for what is known', async () => {
  const without = await find(`select indexrelid::regclass::text as name from pg_index i
    where i.indisunique and i.indrelid in ${TENANTS} and not exists (
      select from pg_attribute a where a.attrelid = i.indrelid and a.attname = 'tenant_id' and a.attnum = any (i.indkey))`)
  expect(without).toEqual(KNOWN)
})

test('a primary key of a tenant’s table begins with the tenant, but for what is known', async () => {
  const others = await find(`select indexrelid::regclass::text as name from pg_index i
    where i.indisprimary and i.indrelid in ${TENANTS} and i.indkey[0] <> (
      select attnum from pg_attribute a where a.attrelid = i.indrelid and a.attname = 'tenant_id')`)
  expect(others).toEqual(KNOWN.filter((name) => name.endsWith('_pkey')))
})

test('a reference between tenants’ tables is a reference within the tenant', async () => {
  const across = await find(`select f.conname as name from pg_constraint f
    where f.contype = 'f' and f.conrelid in ${TENANTS} and f.confrelid in ${TENANTS} and not exists (
      select from unnest(f.conkey, f.confkey) as k (here, there)
      join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.here
      join pg_attribute b on b.attrelid = f.confrelid and b.attnum = k.there
      where a.attname = 'tenant_id' and b.attname = 'tenant_id')`)
  expect(across).toEqual([])
})

test('of every tenant’s table a request sees and writes what is its tenant’s, and nothing else', async () => {
  const open = await find(
    `select relname as name from pg_class where oid in ${TENANTS} and not relrowsecurity`,
  )
  expect(open).toEqual([])
  const wider = await find(`select tablename || ': ' || policyname as name
    from pg_policies, (select '(tenant_id = current_tenant())' as its_own) r
    where schemaname = 'public' and roles && '{tm_app,public}'
      and (permissive <> 'PERMISSIVE' or coalesce(qual, its_own) <> its_own or coalesce(with_check, its_own) <> its_own)`)
  expect(wider).toEqual([])
})

test('no shared table refers to a tenant’s row', async () => {
  const outwards = await find(`select conname as name from pg_constraint
    where contype = 'f' and conrelid not in ${TENANTS} and confrelid in ${TENANTS}`)
  expect(outwards).toEqual([])
})

test('beats that are too old are forgotten in their own partition, and none of another one', async () => {
  await client.query(`
    alter table session_beats rename to session_beats_before;
    create table session_beats (like session_beats_before including defaults) partition by range (last_at);
    create table old_beats partition of session_beats for values from (minvalue) to ('2026-01-01');
    create table new_beats partition of session_beats for values from ('2026-01-01') to (maxvalue);
    grant select, insert, delete on session_beats to tm_batch`)
  // The first row of each partition lies at the same place.
  for (const at of ['2025-01-01', '2026-06-01'])
    await client.query(
      `insert into session_beats values ($1, 'ses_1', 'beat', $2, '{}', '{}', '{}', '{}', '{}', '{}', '{}')`,
      [PUBLIC_TENANT_ID, at],
    )
  const db = connect({ databaseUrl: database.url })
  await forgetBeats(db, { now: new Date('2026-06-02') })
  await db.end()
  expect(await find('select last_at::date::text as name from session_beats')).toEqual(['2026-06-01'])
})
