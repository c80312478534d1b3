import { pino } from 'pino'
import { createApp } from '../src/app.ts'
import type { Clock } from '../src/clock.ts'
import { createDeps } from '../src/create-deps.ts'
import { connect } from '../src/db.ts'
import type { Deps } from '../src/deps.ts'
import type { App } from '../src/http/server.ts'
import type { TestApi } from './harness.ts'

export interface OtherInstance {
  app: App
  deps: Deps
  close(): Promise<void>
}

/** Another instance of the API on the same database: what the first one remembers, it does not know. */
export async function startOtherInstance(
  api: TestApi,
  { clock = api.deps.clock }: { clock?: Clock } = {},
): Promise<OtherInstance> {
  const db = connect({ databaseUrl: api.databaseUrl })
  const deps = await createDeps({ config: api.deps.config, db, clock, log: pino({ level: 'silent' }) })
  const app = await createApp(deps)
  await app.ready()
  return {
    app,
    deps,
    async close() {
      await app.close()
      await db.end()
    },
  }
}
