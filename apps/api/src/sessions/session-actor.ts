import { assert } from '../assert.ts'
import { Problem } from '../errors.ts'
import type { Actor } from '../http/authenticate.ts'

/**
 * The session JWT names one session; of any other its bearer knows nothing.
 *
 * @throws {Problem} `session_not_found`
 */
export function sessionActor(actor: Actor, sessionId: string): Extract<Actor, { kind: 'session' }> {
  assert(actor.kind === 'session', 'only session JWTs get here')
  if (actor.sessionId !== sessionId) throw new Problem('session_not_found')
  return actor
}
