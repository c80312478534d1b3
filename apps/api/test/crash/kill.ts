/**
 * The crash test itself: load, kills, and what is left of it.
 *
 * @module
 */
import { setTimeout as pause } from 'node:timers/promises'
import { createLoad, runClients } from './clients.ts'
import { READY_MS_MAX, startProcesses } from './processes.ts'
import { findBrokenPromises } from './what-is-true.ts'

/**
 * What a client notices of a kill, at most. Of the restart: the database, and then the process, are ready by then or not coming
 * back.
 * Beyond restarts: a kill ends the attempts under way at once and a client tries again within 50 ms; what then waits for
 * a connection (5 s) or in a statement (10 s) for longer is told 503. On a slow machine that is the most there is, and an
 * attempt that a client gives up unanswered (15 s) is no delay any more.
 */
export const RESTART_MS_MAX = 2 * READY_MS_MAX
export const HELD_UP_MS_MAX = 15_000

export interface KillReport {
  answers: number
  retries: number
  served: Record<string, number>
  sessions: number
  /** Of them, those that their clients left open, by how. */
  left: { active: number; paused: number }
  /** The longest that a request took, of which so much was no restart, and the longest restart. */
  longestDelayMs: number
  longestHeldUpMs: number
  longestRestartMs: number
  surprises: string[]
  broken: string[]
  ledger: { code: number | null; said: string }
}

/** Kills under load, as often as asked, and looks what became of what was acknowledged. */
export async function killUnderLoad(options: {
  clients: number
  /** Processes of the API on the one database. */
  apis: number
  apiKills: number
  postgresKills: number
  bothKills: number
}): Promise<KillReport> {
  const processes = await startProcesses(options.apis)
  try {
    const load = createLoad()
    const progress = { isOver: false, hasFailed: false }
    const { clients } = options
    const restarts = { since: undefined as number | undefined, doneMs: 0, longestMs: 0 }
    const elapsed = (since: number | undefined) => (since === undefined ? 0 : performance.now() - since)
    const loading = runClients(processes.urls, {
      clients,
      load,
      isOver: () => progress.isOver,
      restartedMs: () => restarts.doneMs + elapsed(restarts.since),
      heldUpMsMax: HELD_UP_MS_MAX,
    })
    loading.catch(() => {
      progress.hasFailed = true
    })
    const kill = { api: processes.killApi, postgres: processes.killPostgres, both: processes.killBoth }
    const kills = [
      ...Array.from({ length: options.apiKills }, () => 'api' as const),
      ...Array.from({ length: options.postgresKills }, () => 'postgres' as const),
      ...Array.from({ length: options.bothKills }, () => 'both' as const),
    ].sort(() => Math.random() - 0.5)
    for (const target of kills) {
      // In the middle of whatever is under way, once the last crash is overcome and work is done again.
      const enough = load.answers + 10 + Math.random() * 40
      while (load.answers < enough && !progress.hasFailed) await pause(1 + Math.random() * 10)
      if (progress.hasFailed) break
      restarts.since = performance.now()
      await kill[target]()
      const tookMs = elapsed(restarts.since)
      restarts.doneMs += tookMs
      restarts.longestMs = Math.max(restarts.longestMs, tookMs)
      restarts.since = undefined
    }
    progress.isOver = true
    await loading
    const sessions = load.clients.flatMap((client) => client.sessions)
    const leftAs = (status: string) => sessions.filter((told) => told.status === status).length
    return {
      answers: load.answers,
      retries: load.retries,
      served: load.served,
      sessions: sessions.length,
      left: { active: leftAs('active'), paused: leftAs('paused') },
      longestDelayMs: Math.round(load.longestDelayMs),
      longestHeldUpMs: Math.round(load.longestHeldUpMs),
      longestRestartMs: Math.round(restarts.longestMs),
      surprises: load.surprises,
      broken: await findBrokenPromises(processes.databaseUrl, load),
      ledger: await processes.checkLedger(),
    }
  } finally {
    await processes.stop()
  }
}
