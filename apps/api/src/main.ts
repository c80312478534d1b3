/**
 * The process: environment, database, HTTP, jobs, and a stop that finishes what it began.
 *
 * @module
 */
import closeWithGrace from 'close-with-grace'
import { createApp } from './app.ts'
import { ensureOperator } from './auth/ensure-operator.ts'
import { systemClock } from './clock.ts'
import { ConfigError, readConfig } from './config.ts'
import { createDeps } from './create-deps.ts'
import { isDatabaseAway, noteStandby } from './database-away.ts'
import { connect } from './db.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { endWithNpm } from './end-with-npm.ts'
import { explainFailure } from './explain-failure.ts'
import { createLog } from './log.ts'
import { migrate } from './migrate.ts'
import { startTracing } from './observability/start-tracing.ts'
import { readArguments } from './read-arguments.ts'
import { refuseOldSchema } from './refuse-old-schema.ts'
import { startWorker } from './worker.ts'

const HELP = `npm run api

  Serves the API and runs its jobs until SIGTERM. It is configured by the environment: docs/operations/running.md.`
/** Long enough for a request in flight, short enough for an orchestrator's patience. */
const STOP_MS_MAX = 15_000
const NO_ADDRESS = ['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN']

async function main(): Promise<void> {
  const config = readConfig(process.env)
  const log = createLog(config.logLevel)
  const stopTracing = await startTracing({
    endpoint: process.env.OTEL_EXPORTER_OTLP_ENDPOINT || undefined,
    sampledShare: Number(process.env.OTEL_TRACES_SAMPLER_ARG || 1),
  })
  const embedded = config.databaseUrl ? undefined : await startEmbeddedPostgres({ dataDir: config.dataDir })
  const databaseUrl = config.databaseUrl ?? embedded?.url ?? ''
  const ownerDatabaseUrl = config.ownerDatabaseUrl ?? embedded?.url
  const db = connect({
    databaseUrl,
    batchDatabaseUrl: config.batchDatabaseUrl,
    onError: (error) => {
      if (!isStopping) log.warn({ err: error }, 'database connection lost')
    },
  })
  let isStopping = false
  // Not while it stops: Ctrl-C and service managers end npm and this process at once, and asked twice it would not finish.
  endWithNpm('api', () => {
    if (!isStopping) process.kill(process.pid, 'SIGTERM')
  })
  let stopAll = async () => {
    await stopTracing()
    await db.end()
    await embedded?.stop()
  }
  try {
    if (ownerDatabaseUrl === undefined) await refuseOldSchema(db)
    else await migrate(ownerDatabaseUrl)
    const deps = await createDeps({ config, log, db, clock: systemClock })
    await ensureOperator(deps)
    const app = await createApp(deps)
    const worker = await startWorker(deps, config.jobsDatabaseUrl ?? databaseUrl)
    stopAll = async () => {
      await app.close()
      await worker.stop()
      await stopTracing()
      await db.end()
      await embedded?.stop()
    }
    await app.listen({ port: config.port, host: config.host }).catch((error: NodeJS.ErrnoException) => {
      if (!NO_ADDRESS.includes(error.code ?? '')) throw error
      throw new ConfigError(`HOST: ${config.host} is not an address of this machine.`)
    })
    log.info({ publicUrl: config.publicUrl }, 'api is ready')
  } catch (error) {
    await stopAll().catch(() => undefined)
    throw error
  }
  // graphile-worker 0.18 writes down how a job ended and waits for no answer: where the database went away under a job, nobody
  // would catch that, and the whole process would end. The job is given to another worker, as after a crash.
  process.on('unhandledRejection', (error) => {
    noteStandby('25006')(error)
    if (!isDatabaseAway(error)) throw error
    log.error({ err: error }, 'how a job ended is not written down: the database is away')
  })
  closeWithGrace(
    { delay: STOP_MS_MAX, logger: false, skip: ['unhandledRejection'] },
    async ({ err, signal }) => {
      if (err) log.fatal({ err }, 'stopping after an error nobody caught')
      else log.info({ signal }, 'stopping')
      isStopping = true
      await stopAll()
    },
  )
}

readArguments(HELP)
main().catch((error: NodeJS.ErrnoException) => {
  process.stderr.write(`${explainFailure(error)}\n`)
  process.exit(1)
})
