/** What opening a session, and going back in, does to the books. */
import type { Answer } from './marketplace.ts'
import type { Books } from './oracle.ts'
import type { Operation, Person } from './person.ts'
import type { State } from './state.ts'

export interface SimulatedProvider {
  id: string
  tokensPerMinute: number
}

/** What a launch needs, wherever it is learned from. */
export function openOperation(
  person: Person,
  provider: SimulatedProvider,
  minutes: number,
  text: string,
): Operation {
  return {
    text,
    apply(books, at, { answer, state }) {
      const id: string | undefined = answer ? answer.body?.session?.id : newSessionOf(books, state)?.id
      const jti = answer ? id && jtiOf(answer) : state?.sessions.find((session) => session.id === id)?.jti
      const { tokensPerMinute, id: providerId } = provider
      const expected = books.open(
        { id: id ?? '', jti: jti ?? '', providerId, minutes, tokensPerMinute },
        person.world.isListed(providerId),
        at,
      )
      return expected.status === 201 && id === undefined ? undefined : expected
    },
  }
}

export function relaunchOperation(person: Person, sessionId: string, text: string): Operation {
  return {
    text,
    apply(books, at, { answer, state }) {
      const session = books.get(sessionId)
      const row = state?.sessions.find(({ id }) => id === sessionId)
      const jti = answer ? jtiOf(answer) : row?.jti
      // One that was found over is settled, and has no new launch.
      if (state && jti === session.jti && row?.status !== 'ended') return undefined
      return books.relaunch(sessionId, jti ?? '', !person.world.isListed(session.providerId), at)
    },
  }
}

export function jtiOf({ body }: Answer): string {
  if (!body?.launchJwt) return ''
  return JSON.parse(Buffer.from(body.launchJwt.split('.')[1], 'base64url').toString()).jti
}

function newSessionOf(books: Books, state: State | undefined) {
  return state?.sessions.find(({ id }) => !books.sessions.has(id))
}
