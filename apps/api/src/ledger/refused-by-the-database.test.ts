/**
 * What the application's role cannot do to the books, whatever bug or injection speaks for it.
 *
 * @module
 */
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Attempt, attemptOn } from '../../test/attempt.ts'
import { addProvider, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { createMarket, openSession, type Play } from '../../test/play.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'

const OTHER_TENANT_ID = 'ten_0000000000000000000000000z'

let api: TestApi
let userId: string
let strangerId: string
let play: Play

beforeAll(async () => {
  api = await startTestApi()
  const market = await createMarket(api, { tokens: 1_000 })
  userId = market.user.id
  play = await openSession(market)
  await play.use(60)
  await play.call('complete')
  await openSession(market)
  const owner = new pg.Client({ connectionString: api.databaseUrl })
  await owner.connect()
  await owner.query(`insert into tenants (id, slug, name) values ($1, 'other', 'Other')`, [OTHER_TENANT_ID])
  await owner.query(
    `insert into purchases (tenant_id, id, user_id, status, tokens, amount_cents, currency, discount_percent, created_at)
     values ($1, 'pur_y', $2, 'pending', 50, 50, 'usd', 0, now())`,
    [PUBLIC_TENANT_ID, userId],
  )
  await owner.end()
  strangerId = (await addUser(api, { tokens: 50 })).id
  await addProvider(api, { ownerId: userId })
})
afterAll(() => api.close())

/** What the database says to plain SQL of a role. */
const attempt: Attempt = (sql, as) => attemptOn(api.databaseUrl, sql, as)

const transfer = (fields: {
  id: string
  amount: string
  debit?: string
  credit?: string
  kind?: string
  reverses?: string
}) =>
  `insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, reverses_id, description, created_at)
   values ('${PUBLIC_TENANT_ID}', '${fields.id}', '${fields.kind ?? 'payout'}', '${fields.debit ?? 'prv_x'}',
     '${fields.credit ?? 'payouts'}', ${fields.amount}, ${fields.reverses ?? 'null'}, 'x', now())`

describe.each(['tm_app', 'tm_batch'])('%s', (role) => {
  test.each([
    ['changes a transfer', 'update transfers set amount = 1', /permission denied/],
    ['deletes a transfer', 'delete from transfers', /permission denied/],
    ['truncates transfers', 'truncate transfers', /permission denied/],
    ['writes a transfer', transfer({ id: 'trf_x', amount: '5' }), /permission denied/],
    [
      'credits a wallet that does not show it',
      `insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, credit_sequence,
         credit_balance_after, description, created_at)
       select tenant_id, 'trf_x', 'promotion', 'promotions', id, 5, sequence + 1, posted + 5, 'x', now() from wallets`,
      /permission denied/,
    ],
    ['gives tokens', 'update wallets set posted = posted + 1000000', /permission denied/],
    ['gives reserved tokens back', 'update wallets set held = 0', /permission denied/],
    ['forgives a debt', 'update wallets set debt = 0', /permission denied/],
    ['skips a line of a wallet', 'update wallets set sequence = sequence + 1', /permission denied/],
    [
      'makes a wallet that has something',
      `insert into wallets (tenant_id, id, posted) values ('${PUBLIC_TENANT_ID}', 'usr_x', 1000)`,
      /permission denied/,
    ],
    ['deletes a wallet', 'delete from wallets', /permission denied/],
    ['renames a wallet', `update wallets set id = 'x'`, /append-only/],
    ['deletes a hold', 'delete from holds', /permission denied/],
    ['changes what a hold was for', 'update holds set amount = 1', /permission denied/],
    ['gives a hold to another wallet', `update holds set wallet_id = 'x'`, /permission denied/],
    [
      'opens a resolved hold again',
      'update holds set resolution = null, captured = 0, released = 0, resolved_at = null where resolution is not null',
      /permission denied/,
    ],
    [
      'resolves a hold and charges nothing',
      `update holds set released = amount, resolution = 'released', resolved_at = now()`,
      /permission denied/,
    ],
    [
      'makes a hold',
      `insert into holds (tenant_id, id, wallet_id, reference, amount, created_at)
       select tenant_id, 'hld_x', id, 'ses_x', 1, now() from wallets`,
      /permission denied/,
    ],
    ['says what was rolled up', 'update account_rollups set balance = 1000000', /permission denied/],
    ['moves the watermark', `update account_watermark set written_before = '0'`, /permission denied/],
    ['says that a payout is more', 'update payouts set amount = 1000000', /permission denied/],
    [
      'pays a payout without the ledger',
      `update payouts set status = 'paid', reference = 'x', transfer_id = 'trf_x', settled_at = now()`,
      /permission denied/,
    ],
    [
      'frees what nobody released',
      `select free_after_debt('${PUBLIC_TENANT_ID}', id, 1, 'trf_x', now()) from wallets`,
      /permission denied/,
    ],
    ['works as the ledger by being granted it', `grant tm_ledger to tm_app`, /permission denied/],
    [
      'lets an ended session run again',
      `update sessions set status = 'active', end_reason = null, ended_at = null, tokens_charged = null
       where status = 'ended'`,
      /has ended: UPDATE refused/,
    ],
    [
      'charges an ended session nothing',
      `update sessions set tokens_charged = 0 where status = 'ended'`,
      /has ended: UPDATE refused/,
    ],
    [
      'takes the time of an ended session back',
      `update sessions set used_ms = 0 where status = 'ended'`,
      /has ended: UPDATE refused/,
    ],
    [
      'says that an ended session ended otherwise',
      `update sessions set end_reason = 'cancelled', ended_at = now() where status = 'ended'`,
      /has ended: UPDATE refused/,
    ],
    ['changes the price of a session', 'update sessions set tokens_per_minute = 0', /permission denied/],
    ['changes the fee of a session', 'update sessions set fee_basis_points = 0', /permission denied/],
    ['gives a session to somebody else', `update sessions set user_id = 'x'`, /permission denied/],
    ['gives a session to another provider', `update sessions set provider_id = 'x'`, /permission denied/],
    ['makes a session a test', 'update sessions set is_test = true', /permission denied/],
    [
      'charges a session more than it holds',
      `update sessions set status = 'ended', end_reason = 'completed', ended_at = now(), tokens_charged = tokens_held + 1
       where status <> 'ended'`,
      /charged_within_held/,
    ],
    [
      'ends a session and charges nobody knows what',
      `update sessions set status = 'ended', end_reason = 'completed', ended_at = now() where status <> 'ended'`,
      /ended_sessions_say_why/,
    ],
    [
      'uses more time than was paid for',
      'update sessions set used_ms = duration_ms + 1',
      /used_within_duration/,
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

  test('never pays out more than was earned, and what was earned only once', async () => {
    const pay = (id: string) =>
      attempt(`select pay_out('${PUBLIC_TENANT_ID}', '${id}', 'trf_${id}', 'x', now())`, { role })
    const set = (id: string, amount: number) =>
      attempt(
        `insert into payouts (tenant_id, id, provider_id, amount, amount_cents, currency, created_by, created_at)
         values ('${PUBLIC_TENANT_ID}', '${id}', '${play.providerId}', ${amount}, 1, 'usd', 'x', now())`,
        { role },
      )
    const [much, one, again] = [`pay_${role}_much`, `pay_${role}_one`, `pay_${role}_again`]
    await set(much, 4)
    // Earned are 4 less the fee of 1; the other role has taken its one already.
    expect(await pay(much)).toMatch(/exceeds the \d/)
    await set(one, 1)
    expect(await pay(one)).toBe(1)
    expect(await pay(one)).toMatch(/is paid/)
    await set(again, 3)
    expect(await pay(again)).toMatch(/exceeds the \d/)
  })

  test('locks a wallet that it cannot write', async () => {
    expect(await attempt(`select from wallets where id = '${userId}' for update`, { role })).toBe(1)
  })
})

// What the functions could get wrong: the constraints hold for the role they run as, too.
describe('the ledger itself', () => {
  test.each([
    ['changes a transfer', 'update transfers set amount = 1', /permission denied/],
    ['deletes a transfer', 'delete from transfers', /permission denied/],
    ['deletes a hold', 'delete from holds', /permission denied/],
    ['makes held negative', 'update wallets set held = -1', /held_within_posted/],
    ['overdraws a wallet', 'update wallets set held = posted + 1', /held_within_posted/],
    ['makes posted negative', 'update wallets set posted = -1, held = -1', /held_within_posted/],
    [
      'has more than a number can say',
      'update wallets set posted = 9007199254740992',
      /posted_is_a_safe_integer/,
    ],
    ['makes a debt negative', 'update wallets set debt = -1', /debt_leaves_nothing_to_spend/],
    [
      'leaves something to spend beside a debt',
      'update wallets set debt = 1',
      /debt_leaves_nothing_to_spend/,
    ],
    [
      'opens a resolved hold again',
      'update holds set resolution = null, captured = 0, released = 0, resolved_at = null where resolution is not null',
      /has ended: UPDATE refused/,
    ],
    [
      'captures more than a hold',
      `update holds set captured = amount + 1, released = -1, resolution = 'captured', resolved_at = now()
       where resolution is null`,
      /hold_is_open_or_fully_accounted_for/,
    ],
    [
      'releases half of a hold',
      `update holds set released = amount - 1, resolution = 'released', resolved_at = now() where resolution is null`,
      /hold_is_open_or_fully_accounted_for/,
    ],
    ['sees who its users are', 'select * from users', /permission denied/],
    ['logs in', 'alter role tm_ledger login', /permission denied/],
  ])('never %s', async (_name, sql, refusal) => {
    expect(await attempt(sql, { role: 'tm_ledger' })).toMatch(refusal)
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
      transfer({ id: 'trf_x', amount: '5', debit: 'payouts', kind: 'correction', reverses: `'trf_y'` }),
      /transfer_moves_between_two_accounts/,
    ],
    [
      'out of a wallet without its number',
      transfer({ id: 'trf_x', amount: '5', debit: 'usr_00000000000000000000000000' }),
      /debit_side_is_a_wallet_or_not/,
    ],
    [
      'into a wallet without its number',
      transfer({ id: 'trf_x', amount: '5', credit: 'usr_00000000000000000000000000' }),
      /credit_side_is_a_wallet_or_not/,
    ],
    [
      'that reverses and does not say what',
      transfer({ id: 'trf_x', amount: '5', kind: 'refund' }),
      /correction_names_what_it_reverses/,
    ],
  ])('never writes a transfer %s', async (_name, sql, refusal) => {
    expect(await attempt(sql, { role: 'tm_ledger' })).toMatch(refusal)
  })
})

// Privileges refuse the roles before a trigger is asked; whoever owns the tables has them all.
describe('whoever owns the tables', () => {
  test.each([
    ['changes a transfer', 'update transfers set amount = 1', /transfers is append-only: UPDATE/],
    ['deletes a transfer', 'delete from transfers', /transfers is append-only: DELETE/],
    ['truncates transfers', 'truncate transfers cascade', /transfers is append-only: TRUNCATE/],
    ['deletes a hold', 'delete from holds', /holds is append-only: DELETE/],
  ])('never %s', async (_name, sql, refusal) => {
    expect(await attempt(sql, { role: null })).toMatch(refusal)
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
    expect(await attempt(`select * from ${table}`)).toBeGreaterThan(0)
    expect(await attempt(`select * from ${table}`, { tenantId: OTHER_TENANT_ID })).toBe(0)
  })

  test('changes nothing that is not its own', async () => {
    for (const sql of [`update sessions set status = 'ended'`, `update users set is_operator = true`])
      expect(await attempt(sql, { tenantId: OTHER_TENANT_ID })).toBe(0)
  })

  test('makes no wallet in this one', async () => {
    const sql = `insert into wallets (tenant_id, id) values ('${PUBLIC_TENANT_ID}', 'usr_x')`
    expect(await attempt(sql, { tenantId: OTHER_TENANT_ID })).toMatch(/row-level security/)
  })

  const named = `'${PUBLIC_TENANT_ID}'`
  test.each([
    [
      'places no hold',
      () => `place_holds(array[${named}], array['${userId}'], '{h}', '{r}', '{1}', '{now}')`,
    ],
    [
      'captures nothing',
      () =>
        `capture_holds(array[${named}], array['${play.sessionId}'], '{0}', '{p}', '{0}', '{d}', '{a}', '{b}', '{c}', '{now}')`,
    ],
    [
      'credits nobody',
      () =>
        `credit_wallet(${named}, '${userId}', 'promotion', 'promotions', 5, null, null, 'x', '{a,b}', now())`,
    ],
    [
      'takes nothing back',
      () => `reverse_credit(${named}, '${userId}', 'refund', 'refunds', 5, null, 'x', 'x', '{a,b}', now())`,
    ],
    ['pays nothing out', () => `pay_out(${named}, 'pay_x', 'trf_x', 'x', now())`],
  ])('%s through the ledger', async (_name, call) => {
    expect(await attempt(`select ${call()}`, { tenantId: OTHER_TENANT_ID })).toMatch(
      /moves no tokens of another/,
    )
    expect(await attempt(`select ${call()}`, { tenantId: null })).toMatch(/app.tenant_id/)
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
  const rows = await api.deps.db.batch.query(
    `select rolcanlogin, rolsuper, rolbypassrls from pg_roles where rolname in ('tm_app', 'tm_batch', 'tm_ledger')`,
  )
  const no = { rolcanlogin: false, rolsuper: false, rolbypassrls: false }
  expect(rows).toEqual([no, no, no])
})

test('after all that, the books are untouched', async () => {
  const wallets = await api.deps.db.batch.query(
    'select posted from wallets where id = any ($1) order by posted',
    [[userId, strangerId]],
  )
  expect(wallets).toEqual([{ posted: 50 }, { posted: 996 }])
})
