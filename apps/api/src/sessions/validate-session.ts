import { assert } from '../assert.ts'
import type { Db, Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { emit } from '../events.ts'
import { createGatherer } from '../gather.ts'
import { UNBILLED_MS_ALLOWED } from './allowance.ts'
import { type Ending, endSessions } from './end-sessions.ts'
import { presentSession, type SessionRow, sessionColumns } from './session.ts'

export interface Validation {
  tenantId: string
  sessionId: string
  providerId: string
  jti: string
  clientId: string
  origin: string | undefined
  now: Date
}

type Outcome =
  | 'started'
  | 'taken_over'
  | 'again'
  | 'over'
  | 'suspended'
  | 'session_ended'
  | 'launch_invalid'
  | 'launch_already_used'
  | 'origin_not_allowed'

/**
 * Spends launch JWTs, gathered like beats: what arrives while statements are in flight shares their commit.
 *
 * @returns what validates one. @throws {Problem} `launch_invalid`, `launch_already_used`, `session_ended`,
 * `origin_not_allowed`
 */
export function createValidation(
  db: Db,
  marketplaceUrl: string,
): (validation: Validation) => Promise<SessionRow> {
  const validate = createGatherer<Validation, SessionRow | Problem>({
    run: (validations) => db.inBatch((tx) => validateSessions(tx, validations, marketplaceUrl)),
    keyOf: ({ tenantId, sessionId }) => `${tenantId}/${sessionId}`,
    overload: () => new Problem('unavailable', { retryAfterSeconds: 2 }, 'too many validations are waiting'),
  })
  return async (validation) => {
    const validated = await validate(validation)
    if (validated instanceof Problem) throw validated
    return validated
  }
}

/** A refusal is an answer here, not an exception: the others of the batch, and what was settled, must stay. */
async function validateSessions(
  tx: Tx,
  validations: Validation[],
  marketplaceUrl: string,
): Promise<(SessionRow | Problem)[]> {
  const rows = await tx.query<{ ordinal: number; outcome: Outcome }>(spendLaunchesSql, [
    validations.map((validation) => validation.tenantId),
    validations.map((validation) => validation.sessionId),
    validations.map((validation) => validation.providerId),
    validations.map((validation) => validation.jti),
    validations.map((validation) => validation.clientId),
    validations.map((validation) => validation.origin ?? null),
    validations.map((validation) => validation.now),
    UNBILLED_MS_ALLOWED,
  ])
  const outcomes = new Map(rows.map(({ ordinal, outcome }) => [ordinal - 1, outcome]))
  const sessions = await tx.query<SessionRow>(getSessionsSql, [
    validations.map((validation) => validation.tenantId),
    validations.map((validation) => validation.sessionId),
    validations.map((validation) => validation.now),
  ])
  const byId = new Map(sessions.map((session) => [session.id, session]))

  const endings: Ending[] = []
  const started: { session: SessionRow; now: Date }[] = []
  const answers = validations.map(({ tenantId, sessionId, now }, i): SessionRow | Problem => {
    const outcome = outcomes.get(i)
    const session = byId.get(sessionId)
    switch (outcome) {
      case 'started':
      case 'taken_over':
      case 'again':
        assert(session, 'what was validated is there')
        if (outcome === 'started') started.push({ session, now })
        return session
      case 'over':
      case 'suspended': {
        const reason =
          outcome === 'over'
            ? null
            : session?.status === 'pending'
              ? ('cancelled' as const)
              : ('revoked' as const)
        endings.push({ tenantId, sessionId, reason, lastGap: 'none', now })
        return new Problem('session_ended')
      }
      case 'session_ended':
      case 'launch_invalid':
      case 'launch_already_used':
      case 'origin_not_allowed':
        return new Problem(outcome)
      default:
        throw new Error('every validation has an outcome')
    }
  })
  await endSessions(tx, endings, marketplaceUrl)
  await emit(
    tx,
    started.map(({ session, now }) => ({
      tenantId: session.tenantId,
      type: 'session.started' as const,
      providerId: session.providerId,
      sessionId: session.id,
      sequence: session.eventSequence,
      snapshot: presentSession(session, now, marketplaceUrl),
      now,
    })),
  )
  return answers
}

// The sort makes every batch lock sessions in one order. `offset 0` keeps the planner from pulling the calls below it.
const spendLaunchesSql = `
  select i.ordinal, spend_launch(
    i.tenant_id, i.session_id, i.provider_id, i.jti, i.client_id, i.origin, i.at, $8::bigint) as outcome
  from (
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
      with ordinality as i (tenant_id, session_id, provider_id, jti, client_id, origin, at, ordinal)
    order by tenant_id, session_id
    offset 0
  ) i`

const getSessionsSql = `
  select ${sessionColumns('i.at')}
  from unnest($1::text[], $2::text[], $3::timestamptz[]) as i (tenant_id, id, at)
  join sessions s on s.tenant_id = i.tenant_id and s.id = i.id`
