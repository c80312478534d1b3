import pg from 'pg'
import type { TestApi } from './harness.ts'

/**
 * A transaction of somebody else's that has a lock.
 *
 * @returns what ends it
 * @example const release = await holdLock(api, 'select from wallets where id = $1 for update', [userId])
 */
export async function holdLock(
  { databaseUrl }: Pick<TestApi, 'databaseUrl'>,
  sql: string,
  values: readonly unknown[],
): Promise<() => Promise<void>> {
  const holder = new pg.Client({ connectionString: databaseUrl })
  await holder.connect()
  await holder.query('begin')
  await holder.query(sql, [...values])
  return () => holder.end()
}
