/**
 * Whose access tokens are void before they expire. They are checked without the database, so what this process knows of
 * it is a second old at most; nearly always it is nothing.
 *
 * @module
 */
import type { Clock } from '../clock.ts'
import type { Db } from '../db.ts'
import { ACCESS_TOKEN_SECONDS } from './issue-access-token.ts'

/** How long another instance's decision may take to be felt here. Those made here are felt at once. */
const KNOWN_MS = 1_000

export interface SignedOut {
  /** Whether the user was signed out after the token was issued. */
  isVoid(token: { userId: string; issuedAtSeconds: number }): Promise<boolean>
  /** Looks again at the next question. */
  forget(): void
}

export function createSignedOut({ db, clock }: { db: Db; clock: Clock }): SignedOut {
  let known = new Map<string, number>()
  let knownAt = Number.NEGATIVE_INFINITY
  let looking: Promise<void> | undefined
  let forgotten = 0

  async function look(): Promise<void> {
    const at = performance.now()
    const began = forgotten
    const since = new Date(clock().getTime() - ACCESS_TOKEN_SECONDS * 1_000)
    const rows = await db.batch.query<{ id: string; at: Date }>(listSql, [since])
    // Read before a sign-out of this instance, perhaps: it must not hide that for a second.
    if (began !== forgotten) return
    known = new Map(rows.map((row) => [row.id, Math.floor(row.at.getTime() / 1_000)]))
    knownAt = at
  }

  /** `iat` is cut to the second: a token of this very second may be older than the sign-out, so it is void, too. */
  async function findVoidUntil(userId: string): Promise<number | undefined> {
    for (let seen = -1; seen !== forgotten && performance.now() - knownAt > KNOWN_MS; ) {
      seen = forgotten
      looking ??= look().finally(() => {
        looking = undefined
      })
      await looking
    }
    return known.get(userId)
  }

  return {
    async isVoid({ userId, issuedAtSeconds }) {
      const until = await findVoidUntil(userId)
      return until !== undefined && issuedAtSeconds <= until
    },
    forget() {
      knownAt = Number.NEGATIVE_INFINITY
      looking = undefined
      forgotten += 1
    },
  }
}

const listSql = 'select id, signed_out_at as at from users where signed_out_at > $1'
