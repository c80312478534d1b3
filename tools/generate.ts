/**
 * `npm run generate`: writes the files that are made from others. With `--check` it writes nothing
 * and fails where a committed file differs from what would be written.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startEmbeddedPostgres } from '../apps/api/src/embedded-postgres.ts'
import { migrate } from '../apps/api/src/migrate.ts'
import { readArguments } from '../apps/api/src/read-arguments.ts'
import { produceClientOperations } from './client-operations.ts'
import { dumpSchema } from './dump-schema.ts'
import { produceErrorReference } from './error-reference.ts'
import { produceOpenApi } from './openapi-document.ts'
import { root } from './tracked-files.ts'

type Generator = { path: string; produce: (databaseUrl: string) => Promise<string> }

const GENERATORS: Generator[] = [
  { path: 'apps/api/schema.sql', produce: dumpSchema },
  { path: 'apps/api/openapi.json', produce: produceOpenApi },
  { path: 'packages/client/src/operations.ts', produce: produceClientOperations },
  { path: 'docs/api/errors.md', produce: produceErrorReference },
]

const HELP = `npm run generate -- [--check]

  Writes the files that are made from others, and names those that changed.
  --check  writes nothing, and ends with 1 where one is not up to date`
const { values } = readArguments(HELP, { options: { check: { type: 'boolean', default: false } } })
const changed = await generate(values.check)
for (const path of changed)
  console.log(values.check ? `${path} is not up to date: run "npm run generate"` : path)
if (values.check && changed.length > 0) process.exitCode = 1

/** Produces every file from a freshly migrated database, and names those that differ. */
async function generate(isCheck: boolean): Promise<string[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'token-marketplace-generate-'))
  const postgres = await startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' } })
  try {
    await migrate(postgres.url)
    const different: string[] = []
    for (const { path, produce } of GENERATORS) {
      const wanted = await produce(postgres.url)
      const target = join(root, path)
      const found = existsSync(target) ? await readFile(target, 'utf8') : undefined
      if (found === wanted) continue
      different.push(path)
      if (isCheck) continue
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, wanted)
    }
    return different
  } finally {
    await postgres.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}
