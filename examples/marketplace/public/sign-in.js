/**
 * Who is signed in, in every tab of this browser.
 *
 * Refresh tokens rotate, and using an old one signs the user out everywhere. So tabs share one pair of
 * credentials, and only the one that holds the lock exchanges it. They lie in localStorage, which any
 * script of this origin can read: the strict Content-Security-Policy is what stands before it.
 *
 * @module
 */
import { Problem, send } from './http.js'

const STORAGE_KEY = 'tally.sign-in'
const LOCK = 'tally.refresh'
/** Exchanged this long before the end, so that no call leaves with a credential about to expire. */
const EARLY_MS = 30_000

/** @type {Set<() => void>} */
const listeners = new Set()
/** Without Web Locks the tabs cannot agree, but one tab still must not race itself. */
let exchange = Promise.resolve()

addEventListener('storage', (event) => {
  if (event.key === STORAGE_KEY || event.key === null) tell()
})

/** @param {() => void} listener */
export function onSignInChange(listener) {
  listeners.add(listener)
}

/** @returns {{ id: string, email: string, displayName: string | null } | null} */
export const currentUser = () => read()?.user ?? null

/** @param {{ email: string, password: string, displayName?: string }} account */
export async function register(account) {
  keep(await send('POST', '/auth/register', { body: account }))
  tell()
}

/** @param {{ email: string, password: string }} credentials */
export async function signIn(credentials) {
  keep(await send('POST', '/auth/login', { body: credentials }))
  tell()
}

export async function signOut() {
  const accessToken = await getAccessToken().catch(() => null)
  const refreshToken = read()?.refreshToken
  forget()
  // Signed out here in any case; the server learns of it when it can be reached.
  if (accessToken && refreshToken)
    await send('POST', '/auth/logout', { body: { refreshToken }, accessToken }).catch(() => {})
}

/**
 * An access token that should work; null when nobody is signed in.
 *
 * @param {string} [refused] one that the API has just refused
 * @returns {Promise<string | null>}
 */
export async function getAccessToken(refused) {
  const isGood = (kept) => kept.accessToken !== refused && Date.now() < kept.expiresAt
  const kept = read()
  if (!kept) return null
  if (isGood(kept)) return kept.accessToken
  return await alone(async () => {
    // Another tab may have done it while this one waited.
    const current = read()
    if (!current) return null
    if (isGood(current)) return current.accessToken
    try {
      const answer = await send('POST', '/auth/refresh', { body: { refreshToken: current.refreshToken } })
      keep({ user: current.user, ...answer })
      return answer.accessToken
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error
      forget()
      return null
    }
  })
}

/** @template T @param {() => Promise<T>} run @returns {Promise<T>} */
function alone(run) {
  if (navigator.locks) return navigator.locks.request(LOCK, run)
  const result = exchange.then(run)
  exchange = result.then(
    () => {},
    () => {},
  )
  return result
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(STORAGE_KEY) ?? 'null')
  } catch {
    return null
  }
}

function keep({ user, accessToken, refreshToken, expiresInSeconds }) {
  const expiresAt = Date.now() + expiresInSeconds * 1000 - EARLY_MS
  localStorage.setItem(STORAGE_KEY, JSON.stringify({ user, accessToken, refreshToken, expiresAt }))
}

function forget() {
  localStorage.removeItem(STORAGE_KEY)
  tell()
}

function tell() {
  for (const listener of listeners) listener()
}
