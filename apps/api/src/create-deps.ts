import { createHmac } from 'node:crypto'
import type { Logger } from 'pino'
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'
import type { Db } from './db.ts'
import type { Deps } from './deps.ts'
import { createEdge } from './http/idempotency.ts'
import { createMetrics } from './http/metrics.ts'
import { createOrigins } from './http/origins.ts'
import { createCursors } from './http/paging.ts'
import { createKeyRing } from './keys/key-ring.ts'

/** Everything the routes and jobs need, from what differs between production, tests and the simulation. */
export async function createDeps(base: { config: Config; log: Logger; db: Db; clock: Clock }): Promise<Deps> {
  const { config, db, clock } = base
  const { keyEncryptionKey, publicUrl } = config
  const keys = await createKeyRing({ db, clock, issuer: publicUrl, keyEncryptionKey })
  return {
    ...base,
    keys,
    origins: createOrigins({ db, clock }),
    edge: createEdge({ db, clock, keyEncryptionKey, publicUrl }),
    metrics: createMetrics({ db }),
    cursors: createCursors(createHmac('sha256', keyEncryptionKey).update('cursors').digest()),
  }
}
