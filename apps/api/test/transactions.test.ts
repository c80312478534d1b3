/**
 * Transactions whose statements do not wait for answers that nobody reads.
 *
 * @module
 */
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { rollUpActivityAgain } from '../src/analytics/roll-up-activity.ts'
import { isDatabaseAway } from '../src/database-away.ts'
import { connect, type Db, ONE_VIEW, type Queryable, type Tx } from '../src/db.ts'
import { PUBLIC_TENANT_ID } from '../src/id.ts'
import { createTestDatabase } from './database.ts'

let database: Awaited<ReturnType<typeof createTestDatabase>>
let db: Db

beforeAll(async () => {
  database = await createTestDatabase()
  db = connect({ databaseUrl: database.url, poolSize: 2 })
})
afterEach(() => vi.restoreAllMocks())
afterAll(async () => {
  await db.end()
  await database.drop()
})

const NOTE = `insert into unbilled_time (tenant_id, user_id, provider_id, hour, unbilled_ms)
  values ($1, $2, 'prv', '2026-01-01', 1)`
const count = async (name: string) => {
  const rows = await db.batch.query('select 1 from unbilled_time where user_id = $1', [name])
  return rows.length
}

const WAYS: [string, (run: (tx: Tx) => Promise<unknown>) => Promise<unknown>][] = [
  ['across tenants', (run) => db.inBatch(run)],
  ['in a tenant', (run) => db.inTenant(PUBLIC_TENANT_ID, run)],
]

for (const [way, transact] of WAYS) {
  test(`${way}: what is sent is committed with the rest`, async () => {
    const name = `sent ${way}`
    await transact(async (tx) => tx.send(NOTE, [PUBLIC_TENANT_ID, name]))
    expect(await count(name)).toBe(1)
  })

  test(`${way}: what is sent and fails, fails the transaction, and nothing of it is written`, async () => {
    const name = `failing ${way}`
    const failing = transact(async (tx) => {
      await tx.query(NOTE, [PUBLIC_TENANT_ID, name])
      tx.send(NOTE, [PUBLIC_TENANT_ID, name])
      return 'done'
    })
    await expect(failing).rejects.toMatchObject({ code: '23505' })
    expect(await count(name)).toBe(0)
  })

  test(`${way}: what failed first is told, not what failed because of it`, async () => {
    const failing = transact(async (tx) => {
      tx.send('select 1 / 0')
      await tx.query('select 1 as one')
    })
    await expect(failing).rejects.toMatchObject({ code: '22012' })
  })

  test(`${way}: a failure that nobody minded is no success`, async () => {
    const name = `ignored ${way}`
    const failing = transact(async (tx) => {
      await tx.query(NOTE, [PUBLIC_TENANT_ID, name])
      await tx.query('select 1 / 0').catch(() => undefined)
      return 'done'
    })
    await expect(failing).rejects.toThrow('what is answered is committed')
    expect(await count(name)).toBe(0)
  })

  test(`${way}: a statement behind a begin that failed writes nothing by itself`, async () => {
    const name = `alone ${way}`
    const query = pg.Client.prototype.query as (...given: unknown[]) => unknown
    vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (
      this: pg.Client,
      ...given: unknown[]
    ) {
      const [text, ...rest] = given
      return query.call(
        this,
        typeof text === 'string' && text.startsWith('begin') ? 'begin, or not' : text,
        ...rest,
      )
    } as never)
    // The second half of `begin` says whose rows it may see; without it this one may see its own.
    const tenant = `set_config('app.tenant_id', '${PUBLIC_TENANT_ID}', false)`
    let refusal: unknown
    const failing = transact(async (tx) => {
      await tx.query(`select ${tenant}`)
      refusal = await tx.query(NOTE, [PUBLIC_TENANT_ID, name]).catch((error: unknown) => error)
    })
    await expect(failing).rejects.toMatchObject({ code: '42601' })
    expect(refusal).toMatchObject({ code: '25006' })
    vi.restoreAllMocks()
    expect(await count(name)).toBe(0)
  })
}

test('a transaction of a statement and what is sent after it waits twice', async () => {
  const said: string[] = []
  const query = pg.Client.prototype.query as (...given: unknown[]) => Promise<unknown>
  vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...given: unknown[]) {
    const [one] = given as [string | { text: string }]
    const [verb] = (typeof one === 'string' ? one : one.text).split(' ')
    said.push(`${verb}?`)
    const asked = query.apply(this, given)
    asked.then(() => said.push(`${verb}!`))
    return asked
  } as never)
  await db.inBatch(async (tx) => {
    await tx.query('select 1 as one')
    tx.send(NOTE, [PUBLIC_TENANT_ID, 'twice'])
  })
  expect(said).toEqual([
    ...['begin?', 'select?', 'begin!', 'select!'],
    ...['insert?', 'commit?', 'insert!', 'commit!'],
  ])
})

test('a job waits for the same job of another instance, longer than a request would for a lock', async () => {
  const lock = 'select from activity_progress for update'
  const [holding, looking] = [database.url, database.url].map(
    (connectionString) => new pg.Client({ connectionString }),
  )
  await Promise.all([holding!.connect(), looking!.connect()])
  await holding!.query(`begin; ${lock}`)
  const job = rollUpActivityAgain(db)
  await vi.waitUntil(async () => {
    const { rows } = await looking!.query('select from pg_locks where not granted')
    return rows.length > 0
  })
  // One that began after it has given up by then.
  await expect(db.inBatch((tx) => tx.query(lock))).rejects.toMatchObject({ code: '55P03' })
  await holding!.query('commit')
  await job
  await Promise.all([holding!.end(), looking!.end()])
}, 20_000)

test.each<[string, () => Promise<unknown>]>([
  ['a write where we only read', () => db.inBatch((tx) => tx.query(NOTE, [PUBLIC_TENANT_ID, 'x']), ONE_VIEW)],
  [
    'what PostgreSQL cannot do',
    () => db.batch.query(`do $$ begin raise 'no' using errcode = '0A000'; end $$`),
  ],
])('%s is a mistake of ours, and no standby', async (_what, run) => {
  const error = await run().catch((failure: unknown) => failure)
  expect(error).toMatchObject({ code: expect.stringMatching(/^(25006|0A000)$/) })
  expect(isDatabaseAway(error)).toBe(false)
})

describe('tried again', () => {
  const add = (tx: Tx, userId: string) =>
    tx.query('update unbilled_time set unbilled_ms = unbilled_ms + 1 where user_id = $1', [userId])
  const unbilledOf = async (userId: string) => {
    const [row] = await db.batch.query<{ ms: number }>(
      'select unbilled_ms as ms from unbilled_time where user_id = $1',
      [userId],
    )
    return row?.ms
  }

  test('of two that wait for one another both are done, one of them at the second attempt', async () => {
    const names = ['circle a', 'circle b']
    for (const name of names) await db.batch.query(NOTE, [PUBLIC_TENANT_ID, name])
    let attempts = 0
    let begun = 0
    let met = () => {}
    const bothHaveTheirs = new Promise<void>((resolve) => {
      met = resolve
    })
    const crossing = ([first, second]: string[]) =>
      db.inBatch(async (tx) => {
        attempts += 1
        await add(tx, first!)
        begun += 1
        if (begun === 2) met()
        await bothHaveTheirs
        await add(tx, second!)
      })
    await Promise.all([crossing(names), crossing(names.toReversed())])
    expect(attempts).toBe(3)
    expect(await Promise.all(names.map(unbilledOf))).toEqual([3, 3])
  })

  test('what another one changed under a transaction’s feet is done on what there is now', async () => {
    const name = 'overtaken'
    await db.batch.query(NOTE, [PUBLIC_TENANT_ID, name])
    let attempts = 0
    await db.inBatch(async (tx) => {
      attempts += 1
      await tx.query('set transaction isolation level repeatable read')
      await tx.query('select from unbilled_time where user_id = $1', [name])
      if (attempts === 1)
        await db.batch.query('update unbilled_time set unbilled_ms = 10 where user_id = $1', [name])
      await add(tx, name)
    })
    expect([attempts, await unbilledOf(name)]).toEqual([2, 11])
  })

  test.each(['40001', '40P01'])('%s is not tried for ever', async (code) => {
    let attempts = 0
    const failing = db.inBatch(async (tx) => {
      attempts += 1
      await tx.query(`do $$ begin raise 'no' using errcode = '${code}'; end $$`)
    })
    await expect(failing).rejects.toMatchObject({ code })
    expect(attempts).toBe(4)
  })

  test('what is refused for what it is, is not', async () => {
    let attempts = 0
    const failing = db.inBatch(async (tx) => {
      attempts += 1
      await tx.query('select 1 / 0')
    })
    await expect(failing).rejects.toMatchObject({ code: '22012' })
    expect(attempts).toBe(1)
  })
})

const LIMITS = `select name, setting from pg_settings
  where name in ('idle_in_transaction_session_timeout', 'lock_timeout', 'statement_timeout') order by name`
const readLimits = (tx: Queryable) => tx.query<{ name: string; setting: string }>(LIMITS)

test.each<[string, () => Promise<unknown>]>([
  ['across tenants', () => db.inBatch(readLimits)],
  ['in a tenant', () => db.inTenant(PUBLIC_TENANT_ID, readLimits)],
  ['alone', () => readLimits(db.batch)],
])('%s: whoever falls silent, waits or works for too long loses its locks', async (_way, read) => {
  expect(await read()).toEqual([
    { name: 'idle_in_transaction_session_timeout', setting: '15000' },
    { name: 'lock_timeout', setting: '5000' },
    { name: 'statement_timeout', setting: '10000' },
  ])
})
