/**
 * Who uses the processors, from `/proc`: ours, by process, and everybody else. Linux only; elsewhere nothing is known.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100

/** Seconds of processor time of a process and of all that it started, also of what has ended since. */
export function cpuSeconds(pid: number): number {
  const all = readProcesses()
  const children = Map.groupBy(all.values(), ({ parent }) => parent)
  const ticksOf = (id: number): number =>
    (children.get(id) ?? []).reduce((sum, child) => sum + ticksOf(child.pid), all.get(id)?.ticks ?? 0)
  return ticksOf(pid) / TICKS_PER_SECOND
}

/**
 * The share of this machine that others used since the last call: what is busy and is neither this process nor anything
 * it started. Time stolen by other guests of the host is theirs. Interrupts are busy, too: what they take is charged to the
 * process they interrupt.
 *
 * @returns what gives the share; it gives null where there is no `/proc`.
 */
export function createForeignCpu(): () => number | null {
  let before = read()
  return () => {
    const after = read()
    const last = before
    before = after
    if (!after || !last) return null
    const foreign = after.busy - last.busy - (after.own - last.own)
    return Math.max(0, Math.round((foreign / Math.max(0.01, after.total - last.total)) * 1000) / 1000)
  }
}

function read(): { busy: number; total: number; own: number } | undefined {
  let line: string
  try {
    line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? ''
  } catch {
    return undefined
  }
  // User, nice, system, idle, waiting for a disk, interrupts of both kinds, stolen.
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number)
  const seconds = (some: number[]) => some.reduce((sum, tick) => sum + tick, 0) / TICKS_PER_SECOND
  return {
    busy: seconds([...ticks.slice(0, 3), ...ticks.slice(5)]),
    total: seconds(ticks),
    own: cpuSeconds(process.pid),
  }
}

interface ProcessTicks {
  pid: number
  parent: number
  /** Its own and those of its children that have ended. */
  ticks: number
}

function readProcesses(): Map<number, ProcessTicks> {
  const found = new Map<number, ProcessTicks>()
  let names: string[] = []
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    // Not Linux.
  }
  for (const name of names) {
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'utf8')
      // What follows the name of the program: state, parent, …; utime and stime are 11 and 12, those of ended children 13 and 14.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
      found.set(Number(name), { pid: Number(name), parent: Number(fields[1]), ticks })
    } catch {
      // It has ended between being listed and being read.
    }
  }
  return found
}
