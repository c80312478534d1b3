/**
 * Who is signed in, in every tab.
 *
 * Refresh tokens rotate, and using an old one ends the sign-in everywhere. So tabs share one pair of credentials, and
 * only the one that holds the lock trades it.
 *
 * @module
 */
import { MarketplaceProblem } from './problem.ts'
import type { Send } from './send.ts'

export interface SignedInUser {
  id: string
  email: string
  displayName: string | null
  createdAt: string
}

/** What is kept. Hand in your own to keep it elsewhere; in a browser it is `localStorage`. */
export interface CredentialStorage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/** The part of Web Locks that is used; tabs without it cannot agree and may end each other's sign-in. */
export interface Locks {
  request<T>(name: string, run: () => Promise<T>): Promise<T>
}

interface Kept {
  user: SignedInUser
  accessToken: string
  refreshToken: string
  expiresAt: number
}

type Answer = Omit<Kept, 'user' | 'expiresAt'> & { expiresInSeconds: number }

export interface Credentials {
  user(): SignedInUser | null
  keep(answer: Answer & { user: SignedInUser }): void
  /** An access token that should work, traded anew if need be; undefined when nobody is signed in. */
  accessToken(refused?: string): Promise<string | undefined>
  refreshToken(): string | undefined
  /** Forgets the sign-in at once, then tells the server as far as it can be reached. */
  end(): Promise<void>
  /** Tells of every sign-in and sign-out, of other tabs as well. */
  subscribe(listener: () => void): () => void
}

/** Traded this long before the end, so that no call leaves with a token about to expire. */
const EARLY_MS = 30_000

export function createCredentials(ports: {
  send: Send
  storage: CredentialStorage
  locks: Locks | undefined
  storageKey: string
  now: () => number
}): Credentials {
  const { send, storage, locks, storageKey, now } = ports
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of listeners) listener()
  }
  // Without Web Locks one tab still must not race itself.
  let turn: Promise<unknown> = Promise.resolve()
  const alone = <T>(run: () => Promise<T>): Promise<T> => {
    if (locks) return locks.request(storageKey, run)
    const result = turn.then(run)
    turn = result.catch(() => undefined)
    return result
  }

  function read(): Kept | null {
    try {
      return JSON.parse(storage.getItem(storageKey) ?? 'null') as Kept | null
    } catch {
      return null
    }
  }
  function write(user: SignedInUser, { accessToken, refreshToken, expiresInSeconds }: Answer) {
    const expiresAt = now() + expiresInSeconds * 1000 - EARLY_MS
    storage.setItem(storageKey, JSON.stringify({ user, accessToken, refreshToken, expiresAt } satisfies Kept))
  }
  function forget() {
    storage.removeItem(storageKey)
    tell()
  }
  /** Once: where the answer was lost the token is used up, and showing it again ends the sign-in everywhere. */
  const trade = async (refreshToken: string) =>
    (await send({ method: 'POST', path: '/auth/refresh', body: { refreshToken } })) as Answer
  const revoke = async ({ accessToken, refreshToken }: Pick<Answer, 'accessToken' | 'refreshToken'>) => {
    await send({ method: 'POST', path: '/auth/logout', body: { refreshToken }, accessToken })
  }

  if (typeof addEventListener === 'function') {
    addEventListener('storage', ({ key }: StorageEvent) => {
      if (key === storageKey || key === null) tell()
    })
  }

  return {
    user: () => read()?.user ?? null,
    refreshToken: () => read()?.refreshToken,
    async end() {
      const kept = read()
      forget()
      if (!kept) return
      // Where another tab trades the same token just now, the second of the two ends the sign-in: what is wanted.
      const revokeAnew = async () => revoke(await trade(kept.refreshToken))
      const isRevoked =
        now() < kept.expiresAt
          ? revoke(kept).catch((error) => (isRefused(error) ? revokeAnew() : undefined))
          : revokeAnew()
      await isRevoked.catch(() => undefined)
    },
    keep({ user, ...answer }) {
      write(user, answer)
      tell()
    },
    async accessToken(refused) {
      const isGood = (kept: Kept) => kept.accessToken !== refused && now() < kept.expiresAt
      const kept = read()
      if (!kept) return undefined
      if (isGood(kept)) return kept.accessToken
      return alone(async () => {
        // Another tab may have done it while this one waited.
        const current = read()
        if (!current) return undefined
        if (isGood(current)) return current.accessToken
        // Meanwhile somebody may have signed out, and somebody else in: neither is undone.
        const isStillKept = () => read()?.refreshToken === current.refreshToken
        try {
          const answer = await trade(current.refreshToken)
          if (!isStillKept()) return undefined
          write(current.user, answer)
          return answer.accessToken
        } catch (error) {
          if (!isRefused(error)) throw error
          if (isStillKept()) forget()
          return undefined
        }
      })
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

const isRefused = (error: unknown) => error instanceof MarketplaceProblem && error.status === 401

/** Where there is no `localStorage`: a server, or a browser that forbids it. */
export function createMemoryStorage(): CredentialStorage {
  const kept = new Map<string, string>()
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  }
}

/**
 * Goes on in memory where the storage fails: it is full, forbidden, or an object without its methods, as Node 25 has.
 * An account that was just made, or a token that was just traded, must not be lost to that.
 */
export function createFallingBackStorage(storage: CredentialStorage): CredentialStorage {
  const memory = createMemoryStorage()
  const attempt = <T>(run: () => T): T | undefined => {
    try {
      return run()
    } catch {
      return undefined
    }
  }
  return {
    getItem(key) {
      const kept = attempt(() => storage.getItem(key)) ?? null
      if (kept === null) return memory.getItem(key)
      // Another tab signed in since: one sign-in for all.
      memory.removeItem(key)
      return kept
    },
    setItem(key, value) {
      try {
        storage.setItem(key, value)
        memory.removeItem(key)
      } catch {
        memory.setItem(key, value)
        // What another tab would find here has been used.
        attempt(() => storage.removeItem(key))
      }
    },
    removeItem(key) {
      memory.removeItem(key)
      attempt(() => storage.removeItem(key))
    },
  }
}
