import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { lockSession } from './lock-session.ts'

/** Enough for a page that tries many things at once, few enough to be no place for storing. */
export const EXPERIMENTS_MAX = 20

export interface Exposure {
  experiment: string
  variant: string
}

/**
 * Notes which variant of an experiment a session was shown. The first one stands: an app that changes its mind, or a
 * second tab that was asked later, is told what counts.
 *
 * A session that has ended takes no new one, because what it is compared with, its end, is written by then.
 *
 * @returns the variant on record, or `session_ended`: what was found over is settled with that answer
 * @throws {Problem} `session_not_found`, `session_superseded`, `limit_reached`
 */
export async function recordExposure(
  tx: Tx,
  input: Exposure & {
    sessionId: string
    clientId: string
    providerId: string
    now: Date
    marketplaceUrl: string
  },
): Promise<Exposure | Problem> {
  const { sessionId, clientId, providerId, experiment, variant, now, marketplaceUrl } = input
  // The lock makes the count hold, and an end that comes meanwhile wait.
  const session = await lockSession(tx, { sessionId, now, marketplaceUrl })
  if (session.providerId !== providerId) throw new Problem('session_not_found')
  if (session.status !== 'ended' && session.clientId !== clientId) throw new Problem('session_superseded')
  const recorded = await tx.query<Exposure>(listSql, [sessionId])
  const first = recorded.find((exposure) => exposure.experiment === experiment)
  if (first) return first
  if (session.status === 'ended') return new Problem('session_ended')
  if (recorded.length >= EXPERIMENTS_MAX) throw new Problem('limit_reached')
  await tx.query(insertSql, [sessionId, experiment, variant, now])
  return { experiment, variant }
}

const listSql = 'select experiment, variant from exposures where session_id = $1'
const insertSql =
  'insert into exposures (session_id, experiment, variant, created_at) values ($1, $2, $3, $4)'
