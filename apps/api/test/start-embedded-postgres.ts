// A process of its own for the tests that kill one: starts the database, tells where, and stays.
import { startEmbeddedPostgres } from '../src/embedded-postgres.ts'

try {
  const { url } = await startEmbeddedPostgres({ dataDir: process.argv[2]! })
  console.log(url)
} catch (error) {
  console.error((error as Error).message)
  process.exit(1)
}
