import type { Task } from 'graphile-worker'
import type { Deps } from '../deps.ts'
import { doEach } from '../do-each.ts'
import { inSpan } from '../trace.ts'
import { endProviderSessions, type ProviderEnd } from './end-provider-sessions.ts'
import { foldBeats, forgetBeats } from './fold-beats.ts'
import { sweepSessions } from './sweep-sessions.ts'

const SWEEP_EVERY_MS = 1_000

/**
 * Sweeps once a second, on every instance: rows that one works on are skipped by the others. It is not a queued job,
 * because the queue is for work that must not be forgotten, and the next second does not forget.
 *
 * @returns what stops it, after the sweep under way.
 */
export function startSweeper({ db, clock, log, config, metrics }: Deps): () => Promise<void> {
  let sweeping: Promise<void> | undefined
  async function sweep() {
    try {
      const ended = await inSpan('sweep sessions', { kind: 'consumer' }, async (span) => {
        const swept = await sweepSessions(db, {
          now: clock(),
          marketplaceUrl: config.marketplaceUrl,
          onFailure(sessionId, err) {
            metrics.settlementFailures.inc()
            log.error({ err, sessionId }, 'a session could not be settled')
          },
        })
        span?.set({ 'sessions.ended': swept })
        return swept
      })
      if (ended > 0) log.info({ ended }, 'sessions ended by time')
    } catch (error) {
      log.warn({ err: error }, 'sweep failed, the next second tries again')
    }
    sweeping = undefined
  }
  const timer = setInterval(() => {
    sweeping ??= sweep()
  }, SWEEP_EVERY_MS)
  return async () => {
    clearInterval(timer)
    await sweeping
  }
}

/** Moves the log of beats to the sessions it is about, and forgets what is older than it is kept for. */
export const foldBeatsTask =
  ({ db, clock }: Deps): Task =>
  () =>
    doEach([() => foldBeats(db, { now: clock() }), () => forgetBeats(db, { now: clock() })])

const PROVIDER_END_MS_MAX = 60_000

/** What the request that suspended a provider left of its sessions, or all of them, where it did not live to begin. */
export const endProviderSessionsTask =
  ({ db, clock, config }: Deps): Task =>
  async (payload) => {
    const options = { now: clock, marketplaceUrl: config.marketplaceUrl, withinMs: PROVIDER_END_MS_MAX }
    if (await endProviderSessions(db, payload as ProviderEnd, options)) return
    throw new Error('sessions of a suspended provider are left: the next try goes on')
  }
