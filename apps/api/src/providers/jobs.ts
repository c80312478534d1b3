import type { Task } from 'graphile-worker'
import type { Deps } from '../deps.ts'
import { retireOrigins } from './review-listing-change.ts'

/** Origins that an approved change left out a day ago are not the provider's any more. */
export const retireOriginsTask =
  ({ db, clock }: Pick<Deps, 'db' | 'clock'>): Task =>
  async () => {
    await db.inBatch((tx) => retireOrigins(tx, clock()))
  }
