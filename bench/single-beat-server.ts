/**
 * What group commit is held against: the same application with one statement per beat, as many at once as the pool has
 * connections.
 *
 * @module
 */
import { createApp } from '../apps/api/src/app.ts'
import { systemClock } from '../apps/api/src/clock.ts'
import { readConfig } from '../apps/api/src/config.ts'
import { createDeps } from '../apps/api/src/create-deps.ts'
import { connect } from '../apps/api/src/db.ts'
import { createLog } from '../apps/api/src/log.ts'

const config = readConfig(process.env)
const db = connect({ databaseUrl: config.databaseUrl ?? '' })
const deps = await createDeps({ config, log: createLog(config.logLevel), db, clock: systemClock })
const app = await createApp(deps, { batchMax: 1, lanes: 10 })
await app.listen({ port: config.port, host: config.host })
process.once('SIGTERM', async () => {
  await app.close()
  await db.end()
})
