/**
 * Whoever is woken at night pastes what a runbook says: each statement in the documents is planned by a real database, which looks up
 * every table, column and function it names, and does nothing.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listTrackedFiles, root } from '../../../tools/tracked-files.ts'
import { connectAs, createTestDatabase, type OwnConnection } from './database.ts'

/** What stands for a number of the reader's. */
const PLACEHOLDER = /\b(ID|PID|SEQUENCE)\b/g
const CODE = /```sql\n([^`]+)```|`((?:select|insert|update|delete|with) [^`]+)`/g

const statements = listTrackedFiles()
  .filter((path) => path.startsWith('docs/operations/') && path.endsWith('.md'))
  .flatMap((path) =>
    [...readFileSync(join(root, path), 'utf8').matchAll(CODE)]
      .flatMap(([, block, inline]) => (block ?? inline ?? '').split(/;\s*(?:--.*)?(?:\n|$)/))
      .map((sql) => sql.trim())
      // What makes roles and the like has no plan; logins.test.ts does it.
      .filter((sql) => /^(select|insert|update|delete|with)\b/.test(sql))
      .map((sql) => ({ path, sql })),
  )

let database: Awaited<ReturnType<typeof createTestDatabase>>
let owner: OwnConnection
beforeAll(async () => {
  database = await createTestDatabase()
  owner = await connectAs(database.url)
})
afterAll(async () => {
  await owner.end()
  await database.drop()
})

test('the statements are found', () => {
  const paths = new Set(statements.map(({ path }) => path))
  expect([...paths]).toEqual(
    expect.arrayContaining([
      'docs/operations/runbooks/jobs-failed.md',
      'docs/operations/runbooks/database-connections-exhausted.md',
      'docs/operations/changing-the-key.md',
    ]),
  )
})

test.each(statements)('$path: $sql', async ({ sql }) => {
  expect(await owner.query(`explain ${sql.replace(PLACEHOLDER, '1')}`)).not.toEqual([])
})
