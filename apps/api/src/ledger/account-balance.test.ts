/**
 * Balances of hot accounts: rolled up and summed on read, at a cost that follows what is new.
 *
 * @module
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectAs, type OwnConnection } from '../../test/database.ts'
import { startTestApi, type TestApi } from '../../test/harness.ts'
import type { Queryable } from '../db.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { getAccountBalance, rollUpAccounts } from './account-balance.ts'
import { checkLedger } from './check-ledger.ts'

const ACCOUNTS = 50
const TRANSFERS = 20_000

let api: TestApi
let owner: OwnConnection
let written = 0

beforeAll(async () => {
  api = await startTestApi()
  owner = await connectAs(api.databaseUrl)
  await write(TRANSFERS)
  await owner.query('analyze transfers')
})
afterAll(async () => {
  await owner.end()
  await api.close()
})

/** Corrections of nothing, 3 tokens each, to one provider after the other: what needs no wallet behind it. */
async function write(count: number, tx: Queryable = owner): Promise<void> {
  await tx.query(
    `insert into transfers (tenant_id, id, kind, debit_account_id, credit_account_id, amount, reverses_id, description,
       created_at)
     select $1, 'trf_' || lpad(n::text, 26, '0'), 'correction', 'promotions', 'prv_' || n % $4::int, 3, 'trf_x', 'x', now()
     from generate_series($2::int, $3::int) n`,
    [PUBLIC_TENANT_ID, written, written + count - 1, ACCOUNTS],
  )
  written += count
}

/** Other test files' transactions run on the same server, and hold its horizon back for as long as they last. */
async function allHavePassed(): Promise<void> {
  for (;;) {
    const [row] = await owner.query<{ passed: boolean }>(
      `select pg_snapshot_xmin(pg_current_snapshot()) > written_by as passed
       from transfers order by written_by desc limit 1`,
    )
    if (row?.passed) return
  }
}

/** Rolls up and tells how many transfers that read, as PostgreSQL counted them. */
const rollUp = () =>
  api.deps.db.inBatch(async (tx) => {
    const before = await countRead(tx)
    const accounts = await rollUpAccounts(tx)
    return { accounts, rows: (await countRead(tx)) - before }
  })

const ROLLED = 'a roll-up equals the transfers behind its watermark'
const findRolledUpWrong = async () =>
  (await api.deps.db.inBatch(checkLedger)).findings.filter(({ rule }) => rule === ROLLED)

/** By this connection since it last reported, which is never within a transaction. */
async function countRead(tx: Queryable): Promise<number> {
  const [read] = await tx.query<{ rows: number }>(
    `select seq_tup_read + idx_tup_fetch as rows from pg_stat_xact_user_tables where relname = 'transfers'`,
  )
  return read?.rows ?? 0
}

const balanceOf = (accountId: string) =>
  api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) => getAccountBalance(tx, accountId))

test('what is rolled up once is not read again', async () => {
  await allHavePassed()
  expect(await rollUp()).toEqual({ accounts: ACCOUNTS + 1, rows: TRANSFERS })
  expect(await rollUp()).toEqual({ accounts: 0, rows: 0 })
  await write(7)
  await allHavePassed()
  expect(await rollUp()).toEqual({ accounts: 8, rows: 7 })
  expect(await rollUp()).toEqual({ accounts: 0, rows: 0 })
  expect(await balanceOf('prv_0')).toBe((TRANSFERS / ACCOUNTS + 1) * 3)
  expect(await balanceOf('promotions')).toBe(-written * 3)
})

test('a transaction that takes long holds the watermark back, and no balance is wrong meanwhile', async () => {
  const [before, slow] = [await balanceOf('promotions'), await connectAs(api.databaseUrl)]
  await slow.query('begin')
  await write(5, slow)
  await write(5)
  // The first five are not visible, and the second five, though committed, are newer than what still runs.
  expect((await rollUp()).accounts).toBe(0)
  expect(await balanceOf('promotions')).toBe(before - 15)
  await slow.query('commit')
  await slow.end()
  expect(await balanceOf('promotions')).toBe(before - 30)
  await allHavePassed()
  expect(await rollUp()).toEqual({ accounts: 11, rows: 10 })
  expect(await balanceOf('promotions')).toBe(before - 30)
})

test('roll-ups that race count everything once', async () => {
  const before = await balanceOf('promotions')
  await write(40)
  await allHavePassed()
  const both = await Promise.all([rollUp(), rollUp(), rollUp()])
  expect(both.reduce((sum, { rows }) => sum + rows, 0)).toBe(40)
  expect(await balanceOf('promotions')).toBe(before - 120)
  expect(await findRolledUpWrong()).toEqual([])
})

test('an account that an instance of the version before moved alone is counted once', async () => {
  const before = await balanceOf('prv_0')
  await write(ACCOUNTS)
  await allHavePassed()
  await owner.query(
    `update account_rollups set balance = balance + 3, written_before = pg_snapshot_xmin(pg_current_snapshot())
     where account_id = 'prv_0'`,
  )
  expect((await rollUp()).accounts).toBe(ACCOUNTS)
  expect(await balanceOf('prv_0')).toBe(before + 3)
  expect(await findRolledUpWrong()).toEqual([])
})

test('proving the books reads each transfer a few times, however many accounts are rolled up', async () => {
  const rows = await api.deps.db.inBatch(async (tx) => {
    const before = await countRead(tx)
    await checkLedger(tx)
    return (await countRead(tx)) - before
  })
  expect(rows).toBeGreaterThan(written)
  expect(rows / written).toBeLessThan(ACCOUNTS / 2)
})

test('in a database restored from a dump, whose transaction ids begin anew, the roll-up does, too', async () => {
  const before = await balanceOf('prv_0')
  // As if all until now had been written long after what is written from here on.
  const later = (column: string) => `${column} = (${column}::text::bigint + 1000000000)::text::xid8`
  await owner.query('begin')
  await owner.query('set local session_replication_role = replica')
  await owner.query(`update transfers set ${later('written_by')}`)
  await owner.query(`update account_rollups set ${later('written_before')}`)
  await owner.query(`update account_watermark set ${later('written_before')}`)
  await owner.query('commit')
  for (const round of [1, 2, 3]) {
    await write(ACCOUNTS)
    await rollUp()
    expect(await balanceOf('prv_0')).toBe(before + round * 3)
    expect(await findRolledUpWrong()).toEqual([])
  }
  expect(await balanceOf('promotions')).toBe(-written * 3)
})
