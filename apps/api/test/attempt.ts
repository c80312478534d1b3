import pg from 'pg'
import { PUBLIC_TENANT_ID } from '../src/id.ts'

interface As {
  /** None: as whoever owns the tables. */
  role?: string | null
  tenantId?: string | null
}

export type Attempt = (sql: string, as?: As) => Promise<string | number>

/**
 * Plain SQL on a connection of a role, the tenant set or not.
 *
 * @returns how many rows it was about, or what the database says against it
 */
export async function attemptOn(
  databaseUrl: string,
  sql: string,
  { role = 'tm_app', tenantId = PUBLIC_TENANT_ID }: As = {},
): Promise<string | number> {
  const options = role === null ? {} : { options: `-c role=${role}` }
  const client = new pg.Client({ connectionString: databaseUrl, ...options })
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
