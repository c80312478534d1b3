import type { Task } from 'graphile-worker'
import type { Deps } from '../deps.ts'
import { chainKey } from './chain.ts'
import { extendChain } from './extend-chain.ts'

/** Links what was written since the last run, in batches, until nothing waits. */
export const chainAuditTask = ({ db, log, clock, config }: Deps): Task => {
  const key = chainKey(config.keyEncryptionKey)
  return async () => {
    for (;;) {
      const extended = await db.inBatch((tx) => extendChain(tx, { key, now: clock() }))
      if (!extended || extended.linked === 0) return
      // Once outside of the database, the end of the chain cannot be cut off unnoticed.
      log.info({ ...extended.head, linked: extended.linked }, 'audit chain extended')
    }
  }
}
