import { rm } from 'node:fs/promises'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../src/embedded-postgres.ts'
import { migrate } from '../src/migrate.ts'
import { makeDataFolder } from './data-folder.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The server the tests share, by a role that may create databases. */
    postgresUrl: string
    /** The migrated database that every test file gets a copy of. */
    templateDatabase: string
  }
}

const TEMPLATE = 'marketplace_template'

/**
 * Starts one PostgreSQL for all test files and migrates the template once.
 *
 * Its files are thrown away, so it need not survive a crash: the tests that prove durability start
 * a server of their own.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await makeDataFolder('test')
  const postgres = await startEmbeddedPostgres({
    dataDir,
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      shared_buffers: '128MB',
      // Its folder may be memory.
      max_wal_size: '256MB',
      max_connections: '400',
      autovacuum: 'off',
    },
  })
  const end = async () => {
    await postgres.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  try {
    await makeTemplate(postgres.url)
  } catch (error) {
    await end()
    throw error
  }
  project.provide('postgresUrl', postgres.url)
  project.provide('templateDatabase', TEMPLATE)
  return end
}

async function makeTemplate(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`create database ${TEMPLATE}`)
    const template = new URL(url)
    template.pathname = `/${TEMPLATE}`
    await migrate(template.href)
    // A template with a connection cannot be copied, so from here on it takes none.
    await client.query(`alter database ${TEMPLATE} with allow_connections false is_template true`)
    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
      TEMPLATE,
    ])
  } finally {
    await client.end()
  }
}
