/**
 * Makes a table of ours a partitioned one, as it would be done to one that is in use: what it holds stays where it lies and
 * becomes the first partition; the rest is read from the catalogue and put onto the new table above it.
 *
 * @module
 */
import type pg from 'pg'
import { type IdPrefix, idFloor } from '../apps/api/src/id.ts'

export interface Partitioning {
  table: string
  /** What follows `partition by`. */
  by: string
  /** The first is the table as it was; of a hash all are new, and rows are moved. */
  partitions: { name: string; values: string }[]
}

/**
 * The tables that grow, in partitions by time: one for what is older than the first limit, one from each to the next, one for the rest.
 *
 * @param options with `isHash` sessions are spread by hash instead
 */
export function growingTables(limits: readonly Date[], { isHash = false } = {}): Partitioning[] {
  const byRange = (table: string, column: string, bound: (at: Date) => string): Partitioning => {
    const ends = ['minvalue', ...limits.map((at) => `'${bound(at)}'`), 'maxvalue']
    return {
      table,
      by: `range (${column})`,
      partitions: ends.slice(1).map((end, i) => ({
        name: `${table}_p${String(i).padStart(2, '0')}`,
        values: `from (${ends[i]}) to (${end})`,
      })),
    }
  }
  const byId = (table: string, prefix: IdPrefix) => byRange(table, 'id', (at) => idFloor(prefix, at))
  const byTime = (table: string, column: string) => byRange(table, column, (at) => at.toISOString())
  return [
    isHash ? byHash('sessions', limits.length + 1) : byId('sessions', 'ses'),
    byId('transfers', 'trf'),
    byId('events', 'evt'),
    byId('holds', 'hld'),
    byTime('beat_batches', 'at'),
    byTime('session_beats', 'last_at'),
  ]
}

function byHash(table: string, modulus: number): Partitioning {
  const partitions = Array.from({ length: modulus }, (_, remainder) => ({
    name: `${table}_h${remainder}`,
    values: `with (modulus ${modulus}, remainder ${remainder})`,
  }))
  return { table, by: 'hash (tenant_id, id)', partitions }
}

/** @returns the unique indexes that now hold within one partition only, because they lack the column it is chosen by. */
export async function partitionTable(
  client: pg.Client,
  { table, by, partitions }: Partitioning,
): Promise<string[]> {
  const parts = await describeTable(client, table)
  const isMoved = by.startsWith('hash')
  const [first, ...others] = partitions
  if (!first) throw new Error('there is a partition')
  const before = isMoved ? `${table}_before` : first.name
  const local: string[] = []
  await client.query('begin')
  for (const { remove } of parts) if (remove) await client.query(remove)
  await client.query(`
    alter table ${table} rename to ${before};
    create table ${table} (like ${before} including defaults including constraints including storage) partition by ${by}`)
  for (const { name, values } of isMoved ? partitions : others)
    await client.query(`create table ${name} partition of ${table} for values ${values}`)
  for (const { add, isLast } of parts) {
    if (!add || isLast) continue
    await client.query('savepoint addition')
    await client.query(add).catch(async (error: Error) => {
      if (!error.message.startsWith('unique constraint on partitioned table must include')) throw error
      await client.query('rollback to savepoint addition')
      local.push(add)
    })
  }
  await client.query(
    isMoved
      ? `insert into ${table} select * from ${before}; drop table ${before}`
      : `alter table ${table} attach partition ${before} for values ${first.values}`,
  )
  for (const { add, isLast } of parts) if (add && isLast) await client.query(add)
  for (const { name } of partitions)
    for (const { each } of parts) if (each) await client.query(each.replaceAll('{partition}', name))
  // The table as it was keeps its own.
  for (const { name } of isMoved ? partitions : others)
    for (const sql of local)
      await client.query(sql.replace(/INDEX (\S+) ON \S+/, `INDEX $1_in_${name} ON ${name}`))
  await client.query('commit')
  return local.map((sql) => / INDEX (\S+)/.exec(sql)?.[1] ?? sql)
}

interface Part {
  /** Before the table gets its other name. */
  remove: string | null
  /** To the new table above. */
  add: string | null
  /** To each partition. */
  each: string | null
  /** Only when the rows are there. */
  isLast: boolean
}

async function describeTable(client: pg.Client, table: string): Promise<Part[]> {
  const parts: Part[] = []
  for (const { columns, from } of PARTS) {
    const sql = `select ${columns.join(', ')} from ${from}`
    const { rows } = await client.query<Part>(sql.replaceAll('{table}', table))
    parts.push(...rows)
  }
  return parts
}

const part = (remove: string, add: string, each: string, from: string, isLast = false) => ({
  columns: [`${remove} as remove`, `${add} as add`, `${each} as each`, `${isLast} as "isLast"`],
  from,
})

const PARTS = [
  // A partition has to keep what the table above promises, of its older rows, too.
  part(
    `format('alter table {table} validate constraint %I', v.conname)`,
    'null',
    'null',
    `pg_constraint v where v.conrelid = '{table}'::regclass and not v.convalidated`,
  ),
  // Functions that take a row of the table are bound to the type of the old one.
  part(
    `format('drop function %s', p.oid::regprocedure)`,
    'pg_get_functiondef(p.oid)',
    'null',
    `pg_proc p join pg_type t on t.oid = any (p.proargtypes) where t.typrelid = '{table}'::regclass order by p.oid`,
  ),
  // An index of the table as it was is found to be equal to the one above when it is attached.
  part(
    `format('alter index %s rename to %I', i.indexrelid::regclass, 'old_' || n.relname)`,
    `case when c.oid is null then pg_get_indexdef(i.indexrelid)
       else format('alter table {table} add constraint %I %s', c.conname, pg_get_constraintdef(c.oid)) end`,
    'null',
    `pg_index i join pg_class n on n.oid = i.indexrelid
     left join pg_constraint c on c.conindid = i.indexrelid and c.contype in ('p', 'u')
     where i.indrelid = '{table}'::regclass order by i.indexrelid`,
  ),
  part(
    'null',
    `format('alter table {table} add constraint %I %s', f.conname, pg_get_constraintdef(f.oid))`,
    'null',
    `pg_constraint f where f.conrelid = '{table}'::regclass and f.contype = 'f' and f.conparentid = 0`,
  ),
  part(
    `format('alter table %s drop constraint %I', f.conrelid::regclass, f.conname)`,
    `format('alter table %s add constraint %I %s', f.conrelid::regclass, f.conname, pg_get_constraintdef(f.oid))`,
    'null',
    `pg_constraint f where f.confrelid = '{table}'::regclass and f.contype = 'f' and f.conparentid = 0`,
    true,
  ),
  // Those of a row are passed on to the partitions; those of a statement see only statements that name the table.
  part(
    `format('drop trigger %I on {table}', t.tgname)`,
    'pg_get_triggerdef(t.oid)',
    `case when t.tgtype & 1 = 0 then regexp_replace(pg_get_triggerdef(t.oid), ' ON \\S+ ', ' ON {partition} ') end`,
    `pg_trigger t where t.tgrelid = '{table}'::regclass and not t.tgisinternal`,
  ),
  part(
    'null',
    `'alter table {table} enable row level security'`,
    'null',
    `pg_class where oid = '{table}'::regclass and relrowsecurity`,
  ),
  part(
    'null',
    `format('create policy %I on {table} as %s for %s to %s%s%s', policyname, permissive, cmd,
       array_to_string(roles, ', '), ' using (' || qual || ')', ' with check (' || with_check || ')')`,
    'null',
    `pg_policies where schemaname = 'public' and tablename = '{table}'`,
  ),
  // A partition has no grants: it is reached through the table, under the table's policies, or not at all.
  part(
    `format('revoke all on {table} from %s', a.grantee::regrole)`,
    `format('grant %s on {table} to %s', string_agg(a.privilege_type, ', '), a.grantee::regrole)`,
    'null',
    `pg_class c cross join aclexplode(c.relacl) a
     where c.oid = '{table}'::regclass and a.grantee <> c.relowner group by a.grantee`,
  ),
  part(
    `format('revoke all (%I) on {table} from %s', t.attname, a.grantee::regrole)`,
    `format('grant %s (%I) on {table} to %s', string_agg(a.privilege_type, ', '), t.attname, a.grantee::regrole)`,
    'null',
    `pg_attribute t cross join aclexplode(t.attacl) a
     where t.attrelid = '{table}'::regclass and not t.attisdropped group by t.attname, a.grantee`,
  ),
  part(
    'null',
    'null',
    `format('alter table {partition} set (%s)', array_to_string(reloptions, ', '))`,
    `pg_class where oid = '{table}'::regclass and reloptions is not null`,
  ),
]
