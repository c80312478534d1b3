/**
 * What a page sends, beside what the model makes of it.
 *
 * @module
 */
import { SECOND_REQUEST_MS } from '../../../../packages/sdk/src/api.ts'
import type { Call } from './marketplace.ts'
import type { Operation, Outcome, Person } from './person.ts'

export interface Said extends Record<string, unknown> {
  clientId: string
  sequence: number
  activeMs: number
}

/** What the tabs of a browser keep together. */
export interface Shelf {
  /** The last number used. */
  sequence: number
  /** What was told and not answered, as the tab says it that told it first. */
  told?: Said | undefined
  /** The use that no answer has acknowledged, as the tab saw it that wrote last: whoever opens goes on from it. */
  activeMs: number
}

/** What a page's session can be told to do, in words the model knows as well. */
export type Verb = 'heartbeat' | 'pause' | 'resume' | 'complete'

interface Speaker {
  readonly clientId: string
  readonly label: string
  readonly sessionId: string
  readonly sessionJwt: string
}

interface Sending {
  call: Call
  operation: Operation
}

export function sayingOf(
  { label, sessionId, sessionJwt }: Speaker,
  verb: Verb,
  said: Said & { final?: boolean },
): Sending {
  const url = `/api/v1/sessions/${sessionId}/${verb}`
  const call = { method: 'POST' as const, url, token: sessionJwt, body: said }
  const text = `${label} ${verb} #${said.sequence} active ${said.activeMs}${said.final ? ' final' : ''}`
  if (verb !== 'heartbeat')
    return { call, operation: { text, apply: (books, at) => books[verb](sessionId, said, at) } }
  const apply: Operation['apply'] = (books, at, { steps }) => books.beat(sessionId, said, at, steps)
  return { call, operation: { text, steps: 3, apply } }
}

/** Says nothing, and learns what was heard. */
export function questionOf({ label, sessionId, clientId, sessionJwt }: Speaker): Sending {
  return {
    call: { method: 'GET', url: `/api/v1/sessions/${sessionId}`, token: sessionJwt },
    operation: {
      text: `${label} asks`,
      apply: (books, at) => books.read(sessionId, at, clientId),
    },
  }
}

/** Sends it once more where no answer comes for a while, as the SDK does; the first outcome stands. */
export function sendTwice(
  person: Person,
  isThere: () => boolean,
  call: Call,
  operation: Operation,
  outcome: Outcome,
): void {
  let isOver = false
  const first: Outcome = {
    answered(answer) {
      if (!isOver) outcome.answered(answer)
      isOver = true
    },
    failed() {
      if (!isOver) outcome.failed()
      isOver = true
    },
  }
  person.send(call, operation, first)
  person.in(SECOND_REQUEST_MS, () => {
    if (!isOver && isThere()) person.send(call, operation, first)
  })
}
