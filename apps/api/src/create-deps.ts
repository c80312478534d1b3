import { createHmac } from 'node:crypto'
import type { Logger } from 'pino'
import { assert } from './assert.ts'
import { createSignedOut } from './auth/signed-out.ts'
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
  const { keyEncryptionKey, openingKeys, publicUrl } = config
  const [cursorKey, ...cursorKeysBefore] = openingKeys.map((key) =>
    createHmac('sha256', key).update('cursors').digest(),
  )
  assert(cursorKey, 'there is a key')
  const keys = await createKeyRing({ db, clock, issuer: publicUrl, keyEncryptionKey, openingKeys })
  return {
    ...base,
    keys,
    origins: createOrigins({ db, clock }),
    signedOut: createSignedOut({ db, clock }),
    edge: createEdge({ db, clock, keyEncryptionKey, openingKeys, publicUrl }),
    metrics: createMetrics({ db }),
    cursors: createCursors(cursorKey, cursorKeysBefore),
  }
}
