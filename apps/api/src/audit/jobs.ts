import type { Task } from 'graphile-worker'
import type { Deps } from '../deps.ts'
import { extendChain } from './extend-chain.ts'

/** Links what was written since the last run, in batches, until nothing waits. */
export const chainAuditTask = ({ db, log, clock, config }: Deps): Task => {
  return async () => {
    for (;;) {
      const extended = await db.inBatch((tx) => extendChain(tx, { sealing: config, now: clock() }))
      if (!extended || extended.linked === 0) return
      // Once outside of the database, the end of the chain cannot be cut off unnoticed.
      log.info({ ...extended.head, linked: extended.linked }, 'audit chain extended')
    }
  }
}
