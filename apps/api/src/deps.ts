/**
 * What the edge hands to the routes and jobs: made once in `main.ts`, or by a test.
 *
 * @module
 */
import type { Logger } from 'pino'
import type { SignedOut } from './auth/signed-out.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'
import type { Db } from './db.ts'
import type { Edge } from './http/idempotency.ts'
import type { Metrics } from './http/metrics.ts'
import type { Origins } from './http/origins.ts'
import type { Cursors } from './http/paging.ts'
import type { KeyRing } from './keys/key-ring.ts'

export interface Deps {
  config: Config
  clock: Clock
  db: Db
  log: Logger
  keys: KeyRing
  edge: Edge
  cursors: Cursors
  origins: Origins
  signedOut: SignedOut
  metrics: Metrics
}
