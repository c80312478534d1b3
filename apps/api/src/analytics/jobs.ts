import type { Task } from 'graphile-worker'
import type { Deps } from '../deps.ts'
import { rollUpActivity, rollUpActivityAgain } from './roll-up-activity.ts'

/** Writes the quarters of an hour that are over, so that figures are read and not computed. */
export const rollUpActivityTask =
  ({ db, clock }: Deps): Task =>
  async () => {
    await rollUpActivity(db, { now: clock() })
  }

/** Once a night the last two days again. */
export const rollUpActivityAgainTask =
  ({ db }: Deps): Task =>
  async () => {
    await rollUpActivityAgain(db)
  }
