/**
 * Millions of rows into an empty table: its indexes are made afterwards, and each processor writes a share.
 *
 * @module
 */
import pg from 'pg'
import { PUBLIC_TENANT_ID } from '../apps/api/src/id.ts'

/** Two: the machines this is measured on have two processors, and PostgreSQL needs both. */
const SHARES = 2

export async function withClient<T>(url: string, run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  // Of a server that is stopped meanwhile; whoever waits for a statement is told by it.
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query(`set app.tenant_id = '${PUBLIC_TENANT_ID}'`)
    return await run(client)
  } finally {
    await client.end()
  }
}

/**
 * Without the indexes of a table while rows are written: to sort ten million keys once takes a tenth of the time in
 * which they are put into their places one by one. A primary key that others refer to stays.
 */
export async function withoutIndexes(url: string, table: string, run: () => Promise<void>): Promise<void> {
  const indexes = await withClient(url, async (client) => {
    const { rows } = await client.query<{ remove: string; make: string }>(indexesSql, [table])
    for (const { remove } of rows) await client.query(remove)
    return rows
  })
  await run()
  await withClient(url, async (client) => {
    for (const { make } of indexes) await client.query(make)
  })
}

// An index is sorted by two workers and this process already.
const indexesSql = `
  select
    case when c.oid is null then format('drop index %s', i.indexrelid::regclass)
      else format('alter table %s drop constraint %I', i.indrelid::regclass, c.conname) end as remove,
    case when c.oid is null then pg_get_indexdef(i.indexrelid)
      else format('alter table %s add constraint %I %s', i.indrelid::regclass, c.conname, pg_get_constraintdef(c.oid))
    end as make
  from pg_index i
  left join pg_constraint c on c.conindid = i.indexrelid and c.contype in ('p', 'u')
  where i.indrelid = $1::regclass
    and not exists (select from pg_constraint f where f.conindid = i.indexrelid and f.contype = 'f')
  order by i.indexrelid`

/** Runs once per processor, each for its part of the numbers 1 to `all`, without foreign keys and triggers. */
export async function inShares(
  url: string,
  all: number,
  run: (client: pg.Client, from: number, to: number) => Promise<unknown>,
): Promise<void> {
  const limit = (share: number) => Math.floor((all * share) / SHARES)
  await Promise.all(
    Array.from({ length: SHARES }, (_, share) =>
      withClient(url, async (client) => {
        // A sequence of random numbers per share, the same in each run.
        await client.query(`set session_replication_role = replica; select setseed(${0.42 + share / 10})`)
        await run(client, limit(share) + 1, limit(share + 1))
      }),
    ),
  )
}
