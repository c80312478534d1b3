import type { Tx } from '../db.ts'
import { createId } from '../id.ts'
import { makeRefreshToken, tidyUserAgent } from './refresh-token.ts'

/** Starts a family: somebody signed in. */
export async function issueRefreshToken(
  tx: Tx,
  input: { userId: string; userAgent?: string | undefined; now: Date },
): Promise<string> {
  const { userId, userAgent, now } = input
  const { refreshToken, hash, expiresAt } = makeRefreshToken(now)
  await tx.query(issueRefreshTokenSql, [
    hash,
    createId('fam', now),
    userId,
    now,
    expiresAt,
    tidyUserAgent(userAgent),
  ])
  return refreshToken
}

const issueRefreshTokenSql = `
  insert into refresh_tokens (token_hash, family_id, user_id, created_at, expires_at, signed_in_at, user_agent)
  values ($1, $2, $3, $4, $5, $4, $6)`
