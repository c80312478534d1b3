/**
 * A disk of a few megabytes for some tables, to be filled.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { chownSync } from 'node:fs'
import pg from 'pg'
import { findAccount } from '../../src/embedded-postgres-binaries.ts'
import { mountDisk } from './mount-disk.ts'

export interface SmallDisk {
  /** With their indexes. */
  moveThere(tables: readonly string[]): Promise<void>
  fill(): Promise<void>
  free(): Promise<void>
  /** After the database that used it is gone. */
  unmount(): Promise<void>
  /** An administrator on the database. */
  query<Row>(sql: string): Promise<Row[]>
}

const tried = mountDisk(1)
tried?.unmount()
export const hasSmallDisk = tried !== undefined

export async function mountSmallDisk(databaseUrl: string): Promise<SmallDisk> {
  // One of its own for each file that asks: those of a worker share this module.
  const disk = mountDisk(3)
  if (!disk) throw new Error('there is no small disk')
  const { folder } = disk
  const space = `space_${randomBytes(6).toString('hex')}`
  const account = await findAccount()
  if (account) chownSync(folder, account.uid, account.gid)
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(`create tablespace ${space} location '${folder}'`)
  const moved: string[] = []
  const move = async (table: string, to: string) => {
    await client.query(`alter table ${table} set tablespace ${to}`)
    const { rows } = await client.query<{ name: string }>(
      'select indexrelid::regclass as name from pg_index where indrelid = $1::regclass',
      [table],
    )
    for (const { name } of rows) await client.query(`alter index ${name} set tablespace ${to}`)
  }
  return {
    async moveThere(tables) {
      for (const table of tables) await move(table, space)
      moved.push(...tables)
    },
    async fill() {
      await client.query(`create table filler (data text) tablespace ${space}`)
      await client.query('alter table filler alter column data set storage plain')
      // The failed statement leaves its pages behind, so the disk stays full.
      const filling = client.query(
        `insert into filler select repeat('x', 7000) from generate_series(1, 1000)`,
      )
      const failed = await filling.then(
        () => undefined,
        (error: Error) => error.message,
      )
      if (!/No space left/.test(failed ?? '')) throw new Error(`the disk did not fill up: ${failed}`)
    },
    free: async () => void (await client.query('drop table if exists filler')),
    async unmount() {
      await client.query('drop table if exists filler')
      for (const table of moved) await move(table, 'pg_default')
      await client.query(`drop tablespace ${space}`)
      await client.end()
      disk.unmount()
    },
    query: async <Row>(sql: string) => (await client.query(sql)).rows as Row[],
  }
}
