/**
 * The calls of a signed-in user, repeated where that is safe.
 *
 * @module
 */
import { Problem, SignedOut, send, Unreachable } from './http.js'
import { getAccessToken } from './sign-in.js'

const TRIES_MAX = 3
const WAIT_SECONDS_MAX = 5
const PAGE_SIZE = 50
/** A session lives at most a day, so what runs stands among the sessions of the last one. */
const SESSION_LIFE_MS = 24 * 3_600_000

/** @param {string} path */
export const get = (path) => call('GET', path)

/**
 * Creates something, once: a lost answer is asked for again under the same Idempotency-Key.
 *
 * @param {string} path @param {object} [body]
 */
export const create = (path, body = {}) => call('POST', path, { body, key: crypto.randomUUID() })

/** Repeating it changes nothing. @param {string} path @param {object} [body] */
export const act = (path, body = {}) => call('POST', path, { body })

/** @param {string} path for what anybody may read */
export const getOpen = (path) => repeat(() => send('GET', path))

/** @param {string} method @param {string} path @param {{ body?: object, key?: string }} [options] */
async function call(method, path, options = {}) {
  return await repeat(async () => {
    const accessToken = await getAccessToken()
    if (!accessToken) throw new SignedOut('Nobody is signed in')
    try {
      return await send(method, path, { ...options, accessToken })
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'unauthenticated') throw error
      // Expired by the server's clock, whatever this device thinks.
      const next = await getAccessToken(accessToken)
      if (!next) throw new SignedOut('Signed out meanwhile')
      return await send(method, path, { ...options, accessToken: next })
    }
  })
}

/** @template T @param {() => Promise<T>} run @returns {Promise<T>} */
async function repeat(run) {
  for (let tries = 1; ; tries++) {
    try {
      return await run()
    } catch (error) {
      const waitSeconds = secondsToWait(error, tries)
      if (tries >= TRIES_MAX || waitSeconds > WAIT_SECONDS_MAX) throw error
      await new Promise((resolve) => setTimeout(resolve, waitSeconds * 1000))
    }
  }
}

/** @param {unknown} error @param {number} tries */
function secondsToWait(error, tries) {
  if (error instanceof Unreachable) return 0.4 * 2 ** tries
  const isPassing =
    error instanceof Problem &&
    ([429, 502, 503, 504].includes(error.status) || error.code === 'idempotency_in_progress')
  return isPassing ? Math.max(error.retryAfterSeconds, 0.4 * 2 ** tries) : Number.POSITIVE_INFINITY
}

// Sessions carry the moment they arrived, because their time is told from there.

const stamp = (session) => ({ ...session, receivedAt: performance.now() })

/** @param {string} id */
export const getSession = async (id) => stamp(await get(`/sessions/${encodeURIComponent(id)}`))

/** @param {string} [cursor] */
export async function listSessions(cursor) {
  const query = cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''
  const { items, nextCursor } = await get(`/sessions?limit=${PAGE_SIZE}${query}`)
  return { items: items.map(stamp), nextCursor }
}

export async function listRunningSessions() {
  const running = []
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
export const changeSession = async (id, action) =>
  stamp((await act(`/sessions/${encodeURIComponent(id)}/${action}`)).session)

/** @param {string} id @param {number} minutes */
export const extendSession = async (id, minutes) =>
  stamp((await create(`/sessions/${encodeURIComponent(id)}/extend`, { minutes })).session)

/** @param {string} id */
export const endSession = async (id) =>
  stamp((await act(`/api/v1/sessions/${encodeURIComponent(id)}/complete`)).session)

/** @type {Map<string, Promise<any>>} */
const providers = new Map()

/** A provider by its id; null once it is not listed any more. @param {string} id */
export function findProvider(id) {
  const known = providers.get(id)
  if (known) return known
  const found = getOpen(`/providers/${encodeURIComponent(id)}`).catch((error) => {
    if (error instanceof Problem && error.status === 404) return null
    providers.delete(id)
    throw error
  })
  providers.set(id, found)
  return found
}
