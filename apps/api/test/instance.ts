import { pino } from 'pino'
import { createApp } from '../src/app.ts'
import type { Clock } from '../src/clock.ts'
import type { Config } from '../src/config.ts'
import { createDeps } from '../src/create-deps.ts'
import { connect, type Db } from '../src/db.ts'
import type { Deps } from '../src/deps.ts'
import type { App } from '../src/http/server.ts'
import type { TestApi } from './harness.ts'

export interface Instance {
  app: App
  deps: Deps
  close(): Promise<void>
}

/** An instance of the API with connections of its own, which its end closes. */
export async function startInstance(input: { config: Config; db: Db; clock: Clock }): Promise<Instance> {
  const deps = await createDeps({ ...input, log: pino({ level: 'silent' }) })
  const app = await createApp(deps)
  await app.ready()
  return {
    app,
    deps,
    async close() {
      await app.close()
      await input.db.end()
    },
  }
}

/** Another instance of the API on the same database: what the first one remembers, it does not know. */
export const startOtherInstance = (
  { databaseUrl, deps: { config, clock: sameClock } }: TestApi,
  { clock = sameClock }: { clock?: Clock } = {},
): Promise<Instance> => startInstance({ config, db: connect({ databaseUrl }), clock })
