import type { Task, TaskList } from 'graphile-worker'
import { assert } from './assert.ts'
import type { Deps } from './deps.ts'

/**
 * Two processes that each differ by less from the database differ by less than the grace of the roll-up from one another.
 */
export const CLOCKS_APART_MS_MAX = 5 * 60_000

/**
 * How far this process's clock is ahead of the database's; below zero, behind it. The way there and back is neither.
 */
export async function measureClockAheadMs({ db, clock }: Pick<Deps, 'db' | 'clock'>): Promise<number> {
  const asked = clock().getTime()
  const [row] = await db.batch.query<{ at: Date }>('select clock_timestamp() as at')
  assert(row, 'a database has a clock')
  const answered = clock().getTime()
  return Math.max(0, asked - row.at.getTime()) + Math.min(0, answered - row.at.getTime())
}

/**
 * Leaves jobs alone while this process's clock and the database's differ: which of them is wrong nobody knows here, and what such a
 * job deletes or says was written is gone or said. It is not tried again, because the next one by the schedule does it all.
 */
export function whenClocksAgree(
  tasks: TaskList,
  names: readonly string[],
  { db, clock, log }: Pick<Deps, 'db' | 'clock' | 'log'>,
): TaskList {
  const careful =
    (name: string, task: Task): Task =>
    async (payload, helpers) => {
      const aheadMs = await measureClockAheadMs({ db, clock })
      if (Math.abs(aheadMs) <= CLOCKS_APART_MS_MAX) return task(payload, helpers)
      const aheadSeconds = Math.round(aheadMs / 1000)
      log.error({ job: name, aheadSeconds }, 'a job is left out: this clock and that of the database differ')
    }
  return Object.fromEntries(
    Object.entries(tasks).map(([name, task]) => [
      name,
      task && names.includes(name) ? careful(name, task) : task,
    ]),
  )
}
