/**
 * Every constraint, unique index and trigger of the schema is tried, in plain SQL and as the first of the application's roles that
 * may write the row: a new one that nobody tries fails here.
 *
 * @module
 */
import type { DatabaseError } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PUBLIC_TENANT_ID } from '../src/id.ts'
import { BREAKS, type Break, NEVER_ALONE } from './constraint-attempts.ts'
import { type Row, rowsOf } from './constraint-rows.ts'
import { connectAs, type OwnConnection } from './database.ts'
import { startTestApi, type TestApi } from './harness.ts'
import { createMarket, openSession } from './play.ts'
import { beginPurchase, completed, paymentOf, sendEvent } from './stripe-events.ts'

interface Rule {
  table: string
  name: string
  /** What an error names: the constraint, or the function of the trigger. */
  says: string
  dropSql: string
}
type Statement = readonly [sql: string, values: unknown[]]

let api: TestApi
let rows: Record<string, Row>
let rules: Rule[]
let owner: OwnConnection
/** In the order in which they are asked: the owner of the tables where neither role may. */
let connections: OwnConnection[]

beforeAll(async () => {
  api = await startTestApi()
  const market = await createMarket(api)
  const play = await openSession(market)
  await play.use(60)
  await play.call('complete')
  await sendEvent(api, completed(paymentOf(await beginPurchase(api, market.user.token, 50))))
  rows = rowsOf({
    userId: market.user.id,
    providerId: market.providerId,
    sessionId: play.sessionId,
    purchaseId: (await beginPurchase(api, market.user.token, 50)).id,
  })
  owner = await connectAs(api.databaseUrl)
  connections = [
    await connectAs(api.databaseUrl, 'tm_app'),
    await connectAs(api.databaseUrl, 'tm_batch'),
    owner,
  ]
  for (const connection of connections) await connection.query(`set app.tenant_id = '${PUBLIC_TENANT_ID}'`)
  // What is append-only or settled is only tried on rows that are there.
  for (const [table, changes] of [
    ['audit_entries', { id: 'aud_0' }],
    ['audit_links', { sequence: 999, entry_id: 'aud_0' }],
    ['payouts', { id: 'pay_0', status: 'cancelled', settled_at: api.clock.now() }],
  ] as const)
    await owner.query(...statementOf(table, changes))
  rules = await owner.query<Rule>(rulesSql)
})
afterAll(async () => {
  for (const connection of connections) await connection.end()
  await api.close()
})

const keyOf = ({ table, name }: Pick<Rule, 'table' | 'name'>) => `${table}.${name}`
const isTried = (rule: Rule) => NEVER_ALONE[keyOf(rule)] === undefined

function breakOf({ table, name }: Rule): Break | undefined {
  const isKeyOfARow = name === `${table}_pkey` && rows[table] !== undefined
  return BREAKS[table]?.[name] ?? (isKeyOfARow ? [{}] : undefined)
}

function statementOf(table: string, changes: Break): Statement {
  if (typeof changes === 'string') return [changes, []]
  const row = rows[table] ?? {}
  const written = Array.isArray(changes) ? [row, { ...row, ...changes[0] }] : [{ ...row, ...changes }]
  const columns = Object.keys(written.at(-1) ?? {})
  const values = written.flatMap((one: Row) => columns.map((column) => one[column]))
  const places = written.map((_, n) => `(${columns.map((_, i) => `$${n * columns.length + i + 1}`)})`)
  return [`insert into ${table} (${columns}) values ${places}`, values]
}

/** What a statement is answered, and what it did is taken back. */
async function answerTo(
  connection: OwnConnection,
  [sql, values]: Statement,
  beforeSql = 'select 1',
): Promise<{ said: string; isPermitted: boolean }> {
  await connection.query('begin')
  try {
    await connection.query(beforeSql)
    await connection.query(sql, values)
    return { said: 'taken', isPermitted: true }
  } catch (error) {
    const { code, constraint, where, message } = error as DatabaseError
    const raisedIn = /function (\w+)\(/.exec(where ?? '')?.[1]
    return { said: constraint ?? raisedIn ?? message, isPermitted: code !== INSUFFICIENT_PRIVILEGE }
  } finally {
    await connection.query('rollback')
  }
}

const INSUFFICIENT_PRIVILEGE = '42501'

async function answerToFirstThatMay(statement: Statement): Promise<string> {
  for (const connection of connections) {
    const { said, isPermitted } = await answerTo(connection, statement)
    if (isPermitted) return said
  }
  return 'nobody may'
}

test('there is an attempt on everything that refuses rows, and none on what is gone', () => {
  const named = Object.entries(BREAKS).flatMap(([table, breaks]) =>
    Object.keys(breaks).map((name) => keyOf({ table, name })),
  )
  const tried = rules.filter(breakOf).map(keyOf)
  expect(rules.length).toBeGreaterThan(100)
  expect([...tried, ...Object.keys(NEVER_ALONE)].sort()).toEqual(rules.map(keyOf).sort())
  expect(named.filter((key) => !tried.includes(key))).toEqual([])
})

test('the rows that the attempts differ from are taken', async () => {
  const said: Record<string, string> = {}
  for (const table of Object.keys(rows)) said[table] = await answerToFirstThatMay(statementOf(table, {}))
  expect(said).toEqual(Object.fromEntries(Object.keys(rows).map((table) => [table, 'taken'])))
})

test('each refuses what it is there for, by its name', async () => {
  const said: Record<string, string> = {}
  for (const rule of rules.filter(isTried))
    said[keyOf(rule)] = await answerToFirstThatMay(statementOf(rule.table, breakOf(rule) ?? 'untried'))
  expect(said).toEqual(Object.fromEntries(rules.filter(isTried).map((rule) => [keyOf(rule), rule.says])))
})

test('each does so alone: without it, the very same is taken', async () => {
  const said: Record<string, string> = {}
  for (const rule of rules.filter(isTried)) {
    const statement = statementOf(rule.table, breakOf(rule) ?? 'untried')
    said[keyOf(rule)] = (await answerTo(owner, statement, rule.dropSql)).said
  }
  expect(said).toEqual(Object.fromEntries(rules.filter(isTried).map((rule) => [keyOf(rule), 'taken'])))
})

// Columns that may not be null are none of these: a statement that leaves one out is a mistake of the first try.
const rulesSql = `
  select coalesce(r.relname, t.typname) as table, c.conname as name, c.conname as says,
    format('alter table %s drop constraint %I cascade', r.relname, c.conname) as "dropSql"
  from pg_constraint c
  left join pg_class r on r.oid = c.conrelid
  left join pg_type t on t.oid = c.contypid
  where c.connamespace = 'public'::regnamespace and c.contype in ('c', 'u', 'p', 'f', 'x')
  union all
  select r.relname, i.relname, i.relname, format('drop index %I', i.relname)
  from pg_index x
  join pg_class i on i.oid = x.indexrelid and i.relnamespace = 'public'::regnamespace
  join pg_class r on r.oid = x.indrelid
  where x.indisunique and not exists (select from pg_constraint c where c.conindid = x.indexrelid and c.contype in ('u', 'p', 'x'))
  union all
  select r.relname, t.tgname, p.proname, format('drop trigger %I on %I', t.tgname, r.relname)
  from pg_trigger t
  join pg_class r on r.oid = t.tgrelid and r.relnamespace = 'public'::regnamespace
  join pg_proc p on p.oid = t.tgfoid
  where not t.tgisinternal
  order by 1, 2`
