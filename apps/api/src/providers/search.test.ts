/**
 * A search finds what reading everything would find, whichever of its ways it takes, and nobody else's.
 *
 * @module
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectAs, createTestDatabase, type OwnConnection } from '../../test/database.ts'
import { connect, type Db } from '../db.ts'
import { PUBLIC_TENANT_ID } from '../id.ts'
import { listProviders } from './list-providers.ts'

const OTHER_TENANT_ID = 'ten_0000000000000000000000000z'
const ROWS = 3_000
const RUNS = Number(process.env.PROPERTY_RUNS ?? 150)

let database: Awaited<ReturnType<typeof createTestDatabase>>
let db: Db
let owner: OwnConnection

beforeAll(async () => {
  database = await createTestDatabase()
  db = connect({ databaseUrl: database.url })
  owner = await connectAs(database.url)
  await owner.query(`insert into tenants (id, slug, name) values ($1, 'other', 'Other')`, [OTHER_TENANT_ID])
  for (const tenantId of [PUBLIC_TENANT_ID, OTHER_TENANT_ID]) {
    await owner.query(ownerSql, [tenantId])
    await owner.query(providersSql, [tenantId])
  }
  await owner.query('analyze providers')
})
afterAll(async () => {
  await owner.end()
  await db.end()
  await database.drop()
})

const ownerSql = `
  insert into users (tenant_id, id, email, email_normalized, password_hash, reference_salt, created_at)
  values ($1, 'usr_x', 'x', 'x', 'x', 'x', now())`

// What all have, what half have and only the older half, what many have, what few have, what one has; one in nine is not listed.
const providersSql = `
  insert into providers (tenant_id, id, owner_id, name, description, category, launch_url, allowed_origins,
    tokens_per_minute, status, created_at, updated_at)
  select $1, 'prv_' || lpad(n::text, 26, '0'), 'usr_x', 'App ' || n,
    case when n < ${ROWS} / 2 then 'Élan vital' else 'Late_comer' end
      || case when n % 3 = 0 then E'\\n100% ünïcode: 音楽を聴く' else '' end
      || case when n % 97 = 0 then ' ÉCLAIR back\\slash' else '' end
      || case when n = 1234 then ' İstanbul ΣΑΣ 🎧zq' else '' end,
    'kind-' || n % 7, 'https://example.com/', '{}', 4, case when n % 9 = 0 then 'draft' else 'listed' end, now(), now()
  from generate_series(1, ${ROWS}) n`

/** Reads all there is. */
const expectedSql = `
  select id from providers
  where tenant_id = $1 and status = 'listed' and ($2::text is null or id < $2) and ($3::text is null or category = $3)
    and not exists (
      select from unnest($4::text[]) word
      where strpos(lower(name || ' ' || category || ' ' || description), lower(word)) = 0)
  order by id desc limit $5`

interface Query {
  q: string
  category?: string | undefined
  after?: string | undefined
  limit?: number
}

async function compare({ q, category, after, limit = 20 }: Query): Promise<number> {
  const words = q.split(/\s+/).filter(Boolean).slice(0, 8)
  const values = [PUBLIC_TENANT_ID, after ?? null, category ?? null, words, limit + 1]
  const expected = await owner.query<{ id: string }>(expectedSql, values)
  const wanted = { q, limit, after, ...(category === undefined ? {} : { category }) }
  const found = await db.inTenant(PUBLIC_TENANT_ID, (tx) => listProviders(tx, wanted))
  expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
  return found.length
}

describe('finds what stands there', () => {
  test.each<[string, Query, number]>([
    ['in all of them', { q: 'app' }, 21],
    ['in thousands, all of them older than the newest hundred', { q: 'élan' }, 21],
    ['in more than a thousand, in a category', { q: 'vital', category: 'kind-3' }, 21],
    ['in twenty-seven of them, in another case', { q: 'éclair' }, 21],
    ['in twenty-seven of them, to the last', { q: 'éclair', limit: 100 }, 27],
    ['in one of them', { q: 'zq' }, 1],
    ['in one of them, among others’ words', { q: 'app 1234 zq vital kind' }, 1],
    ['after a cursor', { q: 'éclair', after: `prv_${'1000'.padStart(26, '0')}` }, 9],
    ['where two words meet that many have each', { q: '音楽 late app', category: 'kind-0' }, 21],
    ['in a word of two letters of another script', { q: '音楽' }, 21],
    ['in one letter', { q: '聴' }, 21],
    ['in one sign', { q: '🎧' }, 1],
    ['in letters whose case is their own', { q: 'İSTANBUL σασ' }, 1],
    ['in a percent sign, which stands for itself', { q: '100%' }, 21],
    ['in an underscore, which stands for itself', { q: 'late_' }, 21],
    ['in a backslash, which stands for itself', { q: 'back\\slash' }, 21],
    ['in the category', { q: 'kind-5' }, 21],
  ])('%s', async (_where, query, found) => {
    expect(await compare(query)).toBe(found)
  })

  test.each([
    '%',
    '___',
    'élan%vital',
    'ap_',
    'vital\\',
    'nothere',
    'app nothere',
    `x' or 1=1 --`,
  ])('and not %s, which stands nowhere', async (q) => {
    const found = await db.inTenant(PUBLIC_TENANT_ID, (tx) =>
      listProviders(tx, { q: `${q} zz`, limit: 20, after: undefined }),
    )
    expect(found).toEqual([])
    await compare({ q })
  })

  test('whatever part of it is asked for, from wherever', async () => {
    const text = 'app 1234 kind-2 élan vital 100% ünïcode: 音楽を聴く éclair back\\slash late_comer 🎧zq'
    const letters = [...text]
    const part = fc
      .tuple(fc.nat(letters.length - 1), fc.integer({ min: 1, max: 12 }))
      .map(([from, length]) => letters.slice(from, from + length).join(''))
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          q: fc
            .array(part, { minLength: 1, maxLength: 3 })
            .map((parts) => parts.join(' '))
            .filter((q) => q.trim() !== ''),
          category: fc.option(
            fc.nat(7).map((n) => `kind-${n}`),
            { nil: undefined },
          ),
          after: fc.option(
            fc.nat(ROWS + 1).map((n) => `prv_${String(n).padStart(26, '0')}`),
            { nil: undefined },
          ),
          limit: fc.integer({ min: 1, max: 100 }),
        }),
        async (query) => {
          await compare(query)
        },
      ),
      { numRuns: RUNS },
    )
  })
})

test('what is changed, listed or suspended is found as it is now', async () => {
  const found = (q: string) =>
    db.inTenant(PUBLIC_TENANT_ID, async (tx) =>
      (await listProviders(tx, { q, limit: 5, after: undefined })).map(({ name }) => name),
    )
  const change = (set: string) =>
    owner.query(`update providers set ${set} where id = $1 and tenant_id = $2`, [
      `prv_${'9'.padStart(26, '0')}`,
      PUBLIC_TENANT_ID,
    ])
  expect(await found('quokka')).toEqual([])
  await change(`description = 'Quokka'`)
  expect(await found('quokka')).toEqual([])
  await change(`status = 'listed'`)
  expect(await found('quokka')).toEqual(['App 9'])
  await change(`description = 'Wombat'`)
  expect([await found('quokka'), await found('wombat')]).toEqual([[], ['App 9']])
  await change(`status = 'suspended'`)
  expect(await found('wombat')).toEqual([])
})

describe('by plain SQL', () => {
  const search = `select search_catalogue('{app}', null, null, 5) as id`

  async function attempt(role: 'tm_app' | 'tm_batch', sql: string, tenantId?: string): Promise<unknown> {
    const connection = await connectAs(database.url, role)
    try {
      if (tenantId) await connection.query(`set app.tenant_id = '${tenantId}'`)
      return await connection.query(sql)
    } catch (error) {
      return (error as Error).message
    } finally {
      await connection.end()
    }
  }

  test('finds only what the tenant has that the connection is bound to', async () => {
    await owner.query(`update providers set name = 'Theirs' where tenant_id = $1 and id > $2`, [
      OTHER_TENANT_ID,
      `prv_${String(ROWS - 3).padStart(26, '0')}`,
    ])
    const theirs = search.replace('app', 'theirs')
    expect(await attempt('tm_app', theirs, OTHER_TENANT_ID)).toHaveLength(3)
    expect(await attempt('tm_app', theirs, PUBLIC_TENANT_ID)).toEqual([])
    expect(await attempt('tm_app', theirs)).toMatch(/app.tenant_id/)
  })

  test.each<[string, 'tm_app' | 'tm_batch', string, RegExp]>([
    ['is not for batches', 'tm_batch', search, /permission denied/],
    [
      'cannot be made another function',
      'tm_app',
      'alter function search_catalogue owner to tm_app',
      /must be owner/,
    ],
  ])('%s', async (_what, role, sql, refusal) => {
    expect(await attempt(role, sql, PUBLIC_TENANT_ID)).toMatch(refusal)
  })

  test('its role reads no more than what is searched, and writes nothing', async () => {
    const rights = await owner.query<{ table: string; column: string; right: string }>(
      `select table_name || '.' || column_name || ' ' || privilege_type as right
       from information_schema.column_privileges where grantee = 'tm_catalogue' order by 1`,
    )
    expect(rights.map(({ right }) => right)).toEqual(
      ['category', 'description', 'id', 'name', 'status', 'tenant_id'].map((c) => `providers.${c} SELECT`),
    )
    const [role] = await owner.query(
      `select rolcanlogin, rolsuper, rolbypassrls from pg_roles where rolname = 'tm_catalogue'`,
    )
    expect(role).toEqual({ rolcanlogin: false, rolsuper: false, rolbypassrls: false })
  })
})
