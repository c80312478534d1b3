/**
 * What the application's role cannot do to the books, whatever bug or injection speaks for it.
 *
 * @module
 */
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, openSession } from '../../test/play.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'

const OTHER_TENANT_ID = 'ten_0000000000000000000000000z'

let api: TestApi
let userId: string
let strangerId: string

beforeAll(async () => {
  api = await startTestApi()
  const market = await createMarket(api, { tokens: 1_000 })
  userId = market.user.id
  await openSession(market)
  const owner = new pg.Client({ connectionString: api.databaseUrl })
  await owner.connect()
  await owner.query(`insert into tenants (id, slug, name) values ($1, 'other', 'Other')`, [OTHER_TENANT_ID])
  await owner.end()
  strangerId = (await addUser(api, { tokens: 50 })).id
  await addProvider(api, { ownerId: userId })
})
afterAll(() => api.close())

/** Plain SQL on a connection of a role, the tenant set or not; what the database says to it. */
async function attempt(
  sql: string,
  { role = 'tm_app', tenantId = PUBLIC_TENANT_ID as string | null } = {},
): Promise<string | number> {
  const client = new pg.Client({ connectionString: api.databaseUrl, options: `-c role=${role}` })
  await client.connect()
  try {
    await client.query('begin')
    if (tenantId !== null) await client.query(`set local app.tenant_id = '${tenantId}'`)
    const { rowCount } = await client.query(sql)
    await client.query('commit')
    return rowCount ?? 0
  } catch (error) {
    return (error as Error).message
  } finally {
    await client.end()
  }
}

const transfer = (fields: { id: string; amount: string; debit?: string; tenant?: string; kind?: string }) =>
  `insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, description, created_at)
   values ('${fields.tenant ?? PUBLIC_TENANT_ID}', '${fields.id}', '${fields.kind ?? 'payout'}',
     '${fields.debit ?? 'platform_fee'}', 'payouts', ${fields.amount}, 'x', now())`

describe.each(['tm_app', 'tm_batch'])('%s', (role) => {
  test.each([
    ['changes a transfer', 'update transfers set amount = 1', /permission denied|append-only/],
    ['deletes a transfer', 'delete from transfers', /permission denied|append-only/],
    ['truncates transfers', 'truncate transfers', /permission denied/],
    ['deletes a hold', 'delete from holds', /permission denied/],
    ['changes what a hold was for', `update holds set amount = 1`, /permission denied/],
    ['gives a hold to another wallet', `update holds set wallet_id = 'x'`, /permission denied/],
    ['deletes a wallet', 'delete from wallets', /permission denied/],
    ['renames a wallet', `update wallets set id = 'x'`, /permission denied/],
    ['makes held negative', 'update wallets set held = -1', /held_within_posted/],
    ['overdraws a wallet', 'update wallets set held = posted + 1', /held_within_posted/],
    ['makes posted negative', 'update wallets set posted = -1, held = -1', /held_within_posted/],
    ['makes a debt negative', 'update wallets set debt = -1', /debt_leaves_nothing_to_spend/],
    [
      'leaves something to spend beside a debt',
      'update wallets set debt = 1',
      /debt_leaves_nothing_to_spend/,
    ],
    [
      'captures more than a hold',
      `update holds set captured = amount + 1, released = -1, resolution = 'captured', resolved_at = now()`,
      /hold_is_open_or_fully_accounted_for/,
    ],
    [
      'releases half of a hold',
      `update holds set released = amount - 1, resolution = 'released', resolved_at = now()`,
      /hold_is_open_or_fully_accounted_for/,
    ],
    [
      'charges a session more than it holds',
      `update sessions set tokens_charged = tokens_held + 1`,
      /charged_within_held|ended_sessions_say_why/,
    ],
    [
      'uses more time than was paid for',
      'update sessions set used_ms = duration_ms + 1',
      /used_within_duration/,
    ],
    [
      'refunds more than was paid',
      `insert into purchases (tenant_id, id, user_id, status, tokens, amount_cents, currency, discount_percent, refunded_cents, created_at)
      select '${PUBLIC_TENANT_ID}', 'pur_x', id, 'paid', 1, 1, 'usd', 0, 2, now() from users limit 1`,
      /refunded_within_paid/,
    ],
    ['deletes a session', 'delete from sessions', /permission denied/],
    ['deletes an event', 'delete from events', /permission denied/],
    ['drops a trigger', 'alter table transfers disable trigger all', /must be owner/],
    ['drops a check', 'alter table wallets drop constraint held_within_posted', /must be owner/],
    [
      'replaces a ledger function',
      'create or replace function refuse_change() returns trigger language plpgsql as $$ begin return old; end $$',
      /permission denied|must be owner/,
    ],
    ['turns row level security off', 'alter table wallets disable row level security', /must be owner/],
    ['becomes a superuser', 'alter role tm_app superuser', /permission denied/],
    ['runs a program', `copy wallets to program 'cat'`, /permission denied|superuser/],
    ['reads a file', `select pg_read_file('/etc/passwd')`, /permission denied/],
  ])('never %s', async (_name, sql, refusal) => {
    expect(await attempt(sql, { role })).toMatch(refusal)
  })

  test.each([
    ['of nothing', transfer({ id: 'trf_x', amount: '0' }), /transfer_is_positive/],
    ['of less than nothing', transfer({ id: 'trf_x', amount: '-5' }), /transfer_is_positive/],
    [
      'of a kind nobody knows',
      transfer({ id: 'trf_x', amount: '5', kind: 'gift' }),
      /transfer_kind_is_known/,
    ],
    [
      'from an account to itself',
      transfer({ id: 'trf_x', amount: '5', debit: 'payouts' }),
      /transfer_moves_between_two_accounts/,
    ],
    [
      'out of a wallet without its number',
      transfer({ id: 'trf_x', amount: '5', debit: 'usr_00000000000000000000000000' }),
      /debit_side_is_a_wallet_or_not/,
    ],
    [
      'that reverses and does not say what',
      transfer({ id: 'trf_x', amount: '5', kind: 'refund' }),
      /correction_names_what_it_reverses/,
    ],
  ])('never writes a transfer %s', async (_name, sql, refusal) => {
    expect(await attempt(sql, { role })).toMatch(refusal)
  })
})

describe('another tenant', () => {
  test.each([
    'users',
    'wallets',
    'holds',
    'transfers',
    'sessions',
    'providers',
    'purchases',
    'events',
  ])('sees no %s', async (table) => {
    expect(await attempt(`select * from ${table}`, { tenantId: OTHER_TENANT_ID })).toBe(0)
  })

  test('changes nothing that is not its own', async () => {
    for (const sql of [
      'update wallets set posted = posted + 1000',
      `update sessions set status = 'ended'`,
      `update users set is_operator = true`,
    ])
      expect(await attempt(sql, { tenantId: OTHER_TENANT_ID })).toBe(0)
  })

  test.each([
    ['wallets', `insert into wallets (tenant_id, id, posted) values ('${PUBLIC_TENANT_ID}', 'usr_x', 1000)`],
    ['transfers', transfer({ id: 'trf_y', amount: '5', tenant: PUBLIC_TENANT_ID })],
  ])('writes no %s into this one', async (_table, sql) => {
    expect(await attempt(sql, { tenantId: OTHER_TENANT_ID })).toMatch(/row-level security/)
  })

  test('moves no row over by changing its tenant', async () => {
    expect(await attempt(`update users set tenant_id = '${OTHER_TENANT_ID}'`)).toMatch(
      /row-level security|foreign key/,
    )
  })
})

test('without a tenant there are no rows, only an error', async () => {
  for (const table of ['wallets', 'users', 'sessions'])
    expect(await attempt(`select * from ${table}`, { tenantId: null })).toMatch(/app.tenant_id/)
})

test('a role that grants itself more has no more', async () => {
  // PostgreSQL only warns about such a grant.
  for (const role of ['tm_app', 'tm_batch']) {
    await attempt(`grant delete, truncate on transfers, holds to ${role}`, { role })
    for (const table of ['transfers', 'holds'])
      expect(await attempt(`delete from ${table}`, { role })).toMatch(/permission denied/)
  }
})

test('the roles cannot log in', async () => {
  const rows = await api.deps.db.batch.query<{
    rolcanlogin: boolean
    rolsuper: boolean
    rolbypassrls: boolean
  }>(`select rolcanlogin, rolsuper, rolbypassrls from pg_roles where rolname in ('tm_app', 'tm_batch')`)
  expect(rows).toEqual([
    { rolcanlogin: false, rolsuper: false, rolbypassrls: false },
    { rolcanlogin: false, rolsuper: false, rolbypassrls: false },
  ])
})

test('after all that, the books are untouched', async () => {
  const [wallet] = await api.deps.db.batch.query<{ posted: number }>(
    'select posted from wallets where id = $1',
    [userId],
  )
  const [stranger] = await api.deps.db.batch.query<{ posted: number }>(
    'select posted from wallets where id = $1',
    [strangerId],
  )
  expect([wallet?.posted, stranger?.posted]).toEqual([1_000, 50])
})
