/**
 * The marketplace's API for a frontend: every operation by name, typed from the OpenAPI document.
 *
 * @module
 */

import type { CredentialStorage, Locks, SignedInUser } from './credentials.ts'
import {
  type Credentials,
  createCredentials,
  createFallingBackStorage,
  createMemoryStorage,
} from './credentials.ts'
import { OPERATIONS, type Operations } from './operations.ts'
import { MarketplaceProblem, SignedOut } from './problem.ts'
import { repeat } from './repeat.ts'
import { createSend, type Send } from './send.ts'

export type OperationId = keyof Operations
export type Answer<Id extends OperationId> = Operations[Id]['answer']

/** `path`, `query` and `body`, as far as the operation takes them. */
export type Input<Id extends OperationId> = Given<'path', Operations[Id]['path']> &
  Given<'query', Operations[Id]['query']> &
  Given<'body', Operations[Id]['body']>

type Given<Name extends string, T> = [T] extends [undefined]
  ? { [N in Name]?: undefined }
  : // What has no property that must be there may be left out as a whole.
    Record<never, never> extends T
    ? { [N in Name]?: T }
    : { [N in Name]: T }

export interface CallOptions {
  /** For what creates or moves something. One is made for each call; give your own to repeat a call of an earlier page. */
  idempotencyKey?: string
  signal?: AbortSignal
}

export interface ClientOptions {
  /** Where the API is, without a slash at the end. */
  apiUrl: string
  /** `localStorage` where there is one; memory where it fails. Any script of your origin can read it: keep a strict Content-Security-Policy. */
  storage?: CredentialStorage
  /** Web Locks where there are some. */
  locks?: Locks
  /** Names the stored sign-in and its lock. */
  storageKey?: string
  fetch?: typeof globalThis.fetch
  /** For tests. */
  now?: () => number
  /** For tests. */
  sleep?: (ms: number) => Promise<void>
}

export interface MarketplaceClient {
  /**
   * Calls an operation. Reads, and what takes an `Idempotency-Key`, are tried again when no answer comes: the key makes
   * a repeated call the same one.
   *
   * @example const { session, launchUrl } = await client.call('createSession', { body: { providerId, durationMinutes: 30 } })
   * @throws {MarketplaceProblem} what the API refused. @throws {SignedOut} @throws {Unreachable}
   * @throws {TypeError} where an id is empty or a step in a path.
   */
  call<Id extends OperationId>(
    id: Id,
    ...rest: Record<never, never> extends Input<Id>
      ? [input?: Input<Id>, options?: CallOptions]
      : [input: Input<Id>, options?: CallOptions]
  ): Promise<Answer<Id>>
  register(account: Operations['createUser']['body']): Promise<SignedInUser>
  signIn(credentials: Operations['signIn']['body']): Promise<SignedInUser>
  /** Signs out here at once; the promise waits until the server was told, and never rejects. */
  signOut(): Promise<void>
  /** Who signed in, as they were then; `getProfile` knows what they changed since. */
  currentUser(): SignedInUser | null
  /** Tells of every sign-in and sign-out, of other tabs as well. @returns what stops it. */
  onSignInChange(listener: () => void): () => void
  /** The newest refresh token: `changePassword` keeps the sign-in it belongs to. */
  refreshToken(): string | undefined
}

/**
 * @example
 * const client = createMarketplaceClient({ apiUrl: 'https://api.example.com' })
 * await client.signIn({ email, password })
 * const { available } = await client.call('getBalance')
 */
export function createMarketplaceClient(options: ClientOptions): MarketplaceClient {
  const {
    apiUrl,
    storage = findStorage() ?? createMemoryStorage(),
    locks = findLocks(),
    storageKey = 'token-marketplace.sign-in',
    fetch = (input, init) => globalThis.fetch(input, init),
    now = () => Date.now(),
    sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  } = options
  const send = createSend(apiUrl.replace(/\/+$/, ''), fetch)
  const credentials = createCredentials({
    send,
    storage: createFallingBackStorage(storage),
    locks,
    storageKey,
    now,
  })

  const call = async (
    id: OperationId,
    input: RawInput = {},
    { idempotencyKey, signal }: CallOptions = {},
  ) => {
    const [method, pattern, needsSignIn, takesKey] = OPERATIONS[id]
    const path = fill(pattern, input)
    const key = takesKey ? (idempotencyKey ?? createKey()) : undefined
    const request = { method, path, body: input.body, idempotencyKey: key, signal }
    // Each request by itself: around both, a refresh would be repeated, too.
    const sendOften: Send = (each) =>
      method === 'GET' || takesKey ? repeat(() => send(each), sleep) : send(each)
    const answer = needsSignIn ? sendSignedIn(sendOften, credentials, request) : sendOften(request)
    return (await (signal ? orCalledOff(answer, signal) : answer)) as never
  }
  const enter = async (id: 'createUser' | 'signIn', body: object) => {
    const answer = (await call(id, { body })) as Operations['signIn']['answer']
    credentials.keep(answer)
    return answer.user
  }

  return {
    call: (id, ...[input, callOptions]) => call(id, input as RawInput, callOptions),
    register: (account) => enter('createUser', account),
    signIn: (given) => enter('signIn', given),
    signOut: credentials.end,
    currentUser: credentials.user,
    onSignInChange: credentials.subscribe,
    refreshToken: credentials.refreshToken,
  }
}

interface RawInput {
  path?: Record<string, string> | undefined
  query?: Record<string, string | number | boolean | undefined> | undefined
  body?: unknown
}

async function sendSignedIn(
  send: Send,
  credentials: Credentials,
  request: Parameters<Send>[0],
): Promise<unknown> {
  const accessToken = await credentials.accessToken()
  if (accessToken === undefined) throw new SignedOut('Nobody is signed in')
  try {
    return await send({ ...request, accessToken })
  } catch (error) {
    if (!(error instanceof MarketplaceProblem) || error.code !== 'unauthenticated') throw error
    // Expired by the server's clock, whatever this device thinks.
    const next = await credentials.accessToken(accessToken)
    if (next === undefined) throw new SignedOut('Signed out meanwhile', { cause: error })
    return await send({ ...request, accessToken: next })
  }
}

/** Also while a call waits, to be tried again or for a refresh, which goes on: other calls wait for it, too. */
async function orCalledOff<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  let callOff = () => {}
  const isCalledOff = new Promise<never>((_, reject) => {
    callOff = () => reject(signal.reason)
  })
  signal.addEventListener('abort', callOff)
  return await Promise.race([answer, isCalledOff]).finally(() => signal.removeEventListener('abort', callOff))
}

/** Not `randomUUID`, which pages that are not secure lack: a phone that looks at a developer's machine. */
const createKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  )

function fill(pattern: string, { path = {}, query = {} }: RawInput): string {
  const filled = pattern.replace(/\{(\w+)\}/g, (_, name: string) => {
    const part = path[name] ?? ''
    // An address without it, or with a step up in it, is that of another operation.
    if (/^\.{0,2}$/.test(part)) throw new TypeError(`${pattern} needs "${name}", and it is "${part}"`)
    return encodeURIComponent(part)
  })
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value))
  }
  return parameters.size > 0 ? `${filled}?${parameters}` : filled
}

/** Merely looking at it throws where storage is forbidden. */
function findStorage(): CredentialStorage | undefined {
  try {
    return globalThis.localStorage ?? undefined
  } catch {
    return undefined
  }
}

function findLocks(): Locks | undefined {
  return (globalThis.navigator as Navigator | undefined)?.locks as Locks | undefined
}
