/**
 * Who is signed in, in every tab of this browser.
 *
 * The access token lives in this tab's memory. The refresh token lies in localStorage, where the strict
 * Content-Security-Policy stands before it. Refresh tokens rotate, and using an old one ends the sign-in everywhere:
 * so only the tab that holds the lock exchanges it, and every tab reads the newest one under that lock.
 *
 * @module
 */
import { Problem, readJson, SignedOut, send } from './http.ts'

/** Holds the refresh token and whose it is. */
const STORAGE_KEY = 'tally.dashboard.sign-in'
const LOCK = 'tally.dashboard.refresh'
/** Exchanged this long before the end, so that no call leaves with a credential about to expire. */
const EARLY_MS = 30_000

interface Kept {
  userId: string
  refreshToken: string
}

/** Left in its place by the tab that the API told, so that others can tell an end from a farewell. */
interface Ended {
  endedUserId: string
}

interface Credentials {
  accessToken: string
  refreshToken: string
  expiresInSeconds: number
}

let access: { token: string; expiresAt: number } | undefined
/** Whose sign-in the API ended while they were at work: their pages stay until they sign in again or leave. */
let endedUserId: string | undefined
const listeners = new Set<() => void>()
/** Without Web Locks tabs cannot agree, but one tab still must not race itself. */
let exchange: Promise<unknown> = Promise.resolve()

addEventListener('storage', ({ key, oldValue, newValue }) => {
  if (key !== STORAGE_KEY && key !== null) return
  // A rotation elsewhere leaves this tab as it is; another person's sign-in does not.
  if (read()?.userId === parse<Kept>(oldValue)?.userId) return
  access = undefined
  endedUserId = parse<Ended>(newValue)?.endedUserId
  tell()
})

export function onSignInChange(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Whether there is a sign-in to go on with; the API decides whether it still holds. */
export const isSignedIn = () => read() !== null

/** Whose sign-in it is: changes when another tab signs in as somebody else. */
export const signedInUserId = () => read()?.userId

/** Whose pages are kept for them to sign in again; told of by `onSignInChange`, too. */
export const signedOutUserId = () => endedUserId

export async function register(account: { email: string; password: string; displayName?: string }) {
  await begin('/auth/register', account)
}

export async function signIn(credentials: { email: string; password: string }) {
  await begin('/auth/login', credentials)
}

async function begin(path: string, body: object) {
  const response = await send(path, { method: 'POST', body })
  const answer = await readJson<Credentials & { user: { id: string } }>(response)
  await alone(async () => keep(answer.user.id, answer))
  tell()
}

/** Signed out here at once; the server learns of it when it can be reached. */
export function signOut(): void {
  const kept = read()
  const accessToken = goodAccessToken()
  forget()
  if (kept) void revoke(kept.refreshToken, accessToken).catch(() => undefined)
}

async function revoke(refreshToken: string, accessToken: string | undefined) {
  // Where another call exchanges the same one just now, the second of the two ends the sign-in: what is wanted.
  const newest = accessToken ? { accessToken, refreshToken } : await refresh(refreshToken)
  await send('/auth/logout', {
    method: 'POST',
    body: { refreshToken: newest.refreshToken },
    accessToken: newest.accessToken,
  })
}

/** Ends every other sign-in; this one goes on. */
export async function changePassword(passwords: { currentPassword: string; newPassword: string }) {
  const accessToken = await waitForAccessToken()
  // No other tab may exchange the refresh token while the API is told which sign-in to keep.
  await alone(() =>
    send('/auth/password', {
      method: 'POST',
      body: { ...passwords, refreshToken: read()?.refreshToken },
      accessToken,
    }),
  )
}

/** After the account is gone: nothing is left to tell the API. */
export const forgetSignIn = () => forget()

/**
 * An access token that should work.
 *
 * @param refused one that the API has just refused
 * @throws {SignedOut} when nobody is signed in
 */
export async function getAccessToken(refused?: string): Promise<string> {
  return (
    goodAccessToken(refused) ??
    (await alone(async () => {
      // Another call of this tab may have done it while this one waited.
      const current = goodAccessToken(refused)
      if (current) return current
      const kept = read()
      if (!kept) throw new SignedOut('Nobody is signed in')
      const { userId, refreshToken } = kept
      // Meanwhile somebody may have signed out, and somebody else in: neither is undone.
      const isStillKept = () => read()?.refreshToken === refreshToken
      let credentials: Credentials
      try {
        credentials = await refresh(refreshToken)
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 401) throw error
        if (isStillKept()) end(userId)
        throw new SignedOut('The sign-in has ended', { cause: error })
      }
      if (!isStillKept()) throw new SignedOut('Signed out meanwhile')
      return keep(userId, credentials)
    }))
  )
}

function goodAccessToken(refused?: string): string | undefined {
  return access && access.token !== refused && Date.now() < access.expiresAt ? access.token : undefined
}

/** Once for each: where the answer was lost it is used up, and showing it again ends the sign-in everywhere. */
async function refresh(refreshToken: string): Promise<Credentials> {
  return readJson<Credentials>(await send('/auth/refresh', { method: 'POST', body: { refreshToken } }))
}

/**
 * As `getAccessToken`, but where the sign-in has ended it waits: the page asks for another one over what was typed, and
 * the call goes on with that as if nothing had been.
 *
 * @throws {SignedOut} when somebody else signs in, or nobody does
 */
export async function waitForAccessToken(refused?: string): Promise<string> {
  const asked = signedInUserId() ?? endedUserId
  try {
    return await getAccessToken(refused)
  } catch (error) {
    if (!(error instanceof SignedOut) || asked === undefined || endedUserId !== asked) throw error
    await new Promise<void>((resolve) => {
      const stop = onSignInChange(() => {
        if (endedUserId === asked) return
        stop()
        resolve()
      })
    })
    if (signedInUserId() !== asked) throw error
    return getAccessToken(refused)
  }
}

function alone<T>(run: () => Promise<T>): Promise<T> {
  if (navigator.locks) return navigator.locks.request(LOCK, run) as Promise<T>
  const result = exchange.then(run)
  exchange = result.catch(() => undefined)
  return result
}

function keep(userId: string, { accessToken, refreshToken, expiresInSeconds }: Credentials): string {
  access = { token: accessToken, expiresAt: Date.now() + expiresInSeconds * 1000 - EARLY_MS }
  endedUserId = undefined
  localStorage.setItem(STORAGE_KEY, JSON.stringify({ userId, refreshToken } satisfies Kept))
  return accessToken
}

function forget() {
  access = undefined
  endedUserId = undefined
  localStorage.removeItem(STORAGE_KEY)
  tell()
}

function end(userId: string) {
  access = undefined
  endedUserId = userId
  localStorage.setItem(STORAGE_KEY, JSON.stringify({ endedUserId } satisfies Ended))
  tell()
}

function read(): Kept | null {
  try {
    const kept = parse<Kept>(localStorage.getItem(STORAGE_KEY))
    return kept?.userId && kept.refreshToken ? (kept as Kept) : null
  } catch {
    return null
  }
}

function parse<T>(text: string | null): Partial<T> | null {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return null
  }
}

function tell() {
  for (const listener of listeners) listener()
}
