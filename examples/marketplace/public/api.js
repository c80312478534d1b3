/**
 * Calls that several pages make, with what they remember between them.
 *
 * @module
 */
import { call, callOnce, MarketplaceProblem } from './marketplace.js'

const PAGE_SIZE = 50
/** A session lives at most a day, so what runs stands among the sessions of the last one. */
const SESSION_LIFE_MS = 24 * 3_600_000

/** Sessions carry the moment they arrived, because their time is told from there. @template T @param {T} session */
const stamp = (session) => ({ ...session, receivedAt: performance.now() })

/** @param {string} id */
export const getSession = async (id) => stamp(await call('getSession', { path: { id } }))

/** @param {string | null} [cursor] */
export async function listSessions(cursor) {
  const query = { limit: PAGE_SIZE, cursor: cursor ?? undefined }
  const { items, nextCursor } = await call('listSessions', { query })
  return { items: items.map(stamp), nextCursor }
}

export async function listRunningSessions() {
  const running = []
  /** @type {string | null | undefined} */
  let cursor
  do {
    const { items, nextCursor } = await listSessions(cursor)
    running.push(...items.filter((session) => session.status !== 'ended'))
    const last = items.at(-1)
    const isOlder = last && Date.parse(last.serverTime) - Date.parse(last.createdAt) > SESSION_LIFE_MS
    cursor = isOlder ? null : nextCursor
  } while (cursor)
  return running
}

/** @param {string} id @param {'pause' | 'resume'} action */
export async function changeSession(id, action) {
  const operation = action === 'pause' ? 'pauseSessionFromMarketplace' : 'resumeSessionFromMarketplace'
  return stamp((await call(operation, { path: { id } })).session)
}

/** @param {string} id @param {number} minutes */
export const extendSession = async (id, minutes) =>
  stamp((await callOnce('extendSession', { path: { id }, body: { minutes } })).session)

/** @param {string} id */
export const endSession = async (id) =>
  stamp((await call('completeSession', { path: { id }, body: {} })).session)

/** @type {Map<string, Promise<any>>} */
const providers = new Map()

/** A provider by its id; null once it is not listed any more. @param {string} id */
export function findProvider(id) {
  const known = providers.get(id)
  if (known) return known
  const found = call('getProvider', { path: { id } }).catch((error) => {
    if (error instanceof MarketplaceProblem && error.status === 404) return null
    providers.delete(id)
    throw error
  })
  providers.set(id, found)
  return found
}
