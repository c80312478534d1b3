import type { Task } from 'graphile-worker'
import type { Deps } from '../deps.ts'
import { doEach } from '../do-each.ts'
import { noticeUnusualProviders } from './notice-unusual-providers.ts'
import { rollUpActivity, rollUpActivityAgain } from './roll-up-activity.ts'
import { rollUpOutcomes, rollUpOutcomesAgain } from './roll-up-outcomes.ts'

/** Writes the quarters of an hour that are over, so that figures are read and not computed. */
export const rollUpActivityTask =
  ({ db, clock }: Deps): Task =>
  () => {
    const now = clock()
    return doEach([() => rollUpActivity(db, { now }), () => rollUpOutcomes(db, { now })])
  }

/** Once a night the last two days again. */
export const rollUpActivityAgainTask =
  ({ db }: Deps): Task =>
  () =>
    doEach([() => rollUpActivityAgain(db), () => rollUpOutcomesAgain(db)])

/** Looks for providers that stand out. */
export const noticeUnusualProvidersTask =
  ({ db, clock }: Deps): Task =>
  () =>
    noticeUnusualProviders(db, { now: clock() })
