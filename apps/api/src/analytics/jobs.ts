import type { Task } from 'graphile-worker'
import type { Deps } from '../deps.ts'
import { noticeUnusualProviders } from './notice-unusual-providers.ts'
import { rollUpActivity, rollUpActivityAgain } from './roll-up-activity.ts'
import { rollUpOutcomes, rollUpOutcomesAgain } from './roll-up-outcomes.ts'
import { rollUpRetention } from './roll-up-retention.ts'

/** Writes the quarters of an hour that are over, so that figures are read and not computed. */
export const rollUpActivityTask =
  ({ db, clock }: Deps): Task =>
  async () => {
    const now = clock()
    await rollUpActivity(db, { now })
    await rollUpOutcomes(db, { now })
  }

/** Once a night the last two days again. */
export const rollUpActivityAgainTask =
  ({ db }: Deps): Task =>
  async () => {
    await rollUpActivityAgain(db)
    await rollUpOutcomesAgain(db)
  }

/** Counts anew who came back this week and month, and looks for providers that stand out. */
export const rollUpRetentionTask =
  ({ db, clock }: Deps): Task =>
  async () => {
    await rollUpRetention(db)
    await noticeUnusualProviders(db, { now: clock() })
  }
