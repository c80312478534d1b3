/**
 * What a program spends, by the kernel's account of it in nanoseconds: a process with its threads and all it started itself.
 * Linux only.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'

/** @returns what went by while something ran, in microseconds. What a process spent that ended meanwhile is not in it. */
export async function measureCpuUs(pids: readonly number[], run: () => Promise<unknown>): Promise<number[]> {
  const before = pids.map(readTimes)
  await run()
  return pids.map((pid, i) => {
    let total = 0
    for (const [thread, ns] of readTimes(pid)) total += ns - (before[i]?.get(thread) ?? 0)
    return total / 1000
  })
}

function readTimes(root: number): Map<string, number> {
  const times = new Map<string, number>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      // After the name of the program, which may hold anything: its state and its parent.
      const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]
      if (Number(pid) !== root && Number(parent) !== root) continue
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const [ns] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
        times.set(thread, Number(ns))
      }
    } catch {
      // It has ended between being listed and being read.
    }
  }
  return times
}
