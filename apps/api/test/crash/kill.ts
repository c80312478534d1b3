/**
 * The crash test itself: load, kills, and what is left of it.
 *
 * @module
 */
import { setTimeout as pause } from 'node:timers/promises'
import { createLoad, runClients } from './clients.ts'
import { startProcesses } from './processes.ts'
import { findBrokenPromises } from './what-is-true.ts'

export interface KillReport {
  answers: number
  retries: number
  sessions: number
  longestDelayMs: number
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
    const loading = runClients(processes.urls, { clients, load, isOver: () => progress.isOver })
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
      await kill[target]()
    }
    progress.isOver = true
    await loading
    return {
      answers: load.answers,
      retries: load.retries,
      sessions: load.clients.reduce((sum, { sessions }) => sum + sessions.length, 0),
      longestDelayMs: Math.round(load.longestDelayMs),
      surprises: load.surprises,
      broken: await findBrokenPromises(processes.databaseUrl, load),
      ledger: await processes.checkLedger(),
    }
  } finally {
    await processes.stop()
  }
}
