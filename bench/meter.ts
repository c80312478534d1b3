/**
 * What PostgreSQL spends, by the kernel's account of it: processor time in nanoseconds, of all its processes.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { withClient } from './bulk.ts'

export interface Meter {
  /** What went by while something ran, in microseconds. A process that ended meanwhile is not counted. */
  cpuUs(run: () => Promise<unknown>): Promise<number>
}

export async function createMeter(url: string): Promise<Meter> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ postmaster: string }>(
      "select split_part(pg_read_file('postmaster.pid'), e'\\n', 1) as postmaster",
    ),
  )
  const postmaster = rows[0]?.postmaster
  return {
    async cpuUs(run) {
      const before = readAll(postmaster)
      await run()
      let total = 0
      for (const [pid, ns] of readAll(postmaster)) total += ns - (before.get(pid) ?? 0)
      return total / 1000
    },
  }
}

function readAll(postmaster: string | undefined): Map<string, number> {
  const times = new Map<string, number>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      // After the name of the program, which may hold anything: its state and its parent.
      const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]
      if (parent === postmaster || pid === postmaster)
        times.set(pid, Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]))
    } catch {
      // It has ended between being listed and being read.
    }
  }
  return times
}
