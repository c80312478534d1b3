/**
 * Refresh tokens: opaque, each works once, kept as hashes only. A family is one sign-in.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'

export const REFRESH_TOKEN_DAYS = 30
/** Long enough for whatever we may hand out later, short enough to hash without a thought. */
export const REFRESH_TOKEN_CHARACTERS_MAX = 200

export interface NewRefreshToken {
  refreshToken: string
  hash: Buffer
  expiresAt: Date
}

/** 256 random bits; the prefix lets secret scanners recognise one that leaked. */
export function makeRefreshToken(now: Date): NewRefreshToken {
  const refreshToken = `tmr_${randomBytes(32).toString('base64url')}`
  return {
    refreshToken,
    hash: hashRefreshToken(refreshToken),
    expiresAt: new Date(now.getTime() + REFRESH_TOKEN_DAYS * 86_400_000),
  }
}

/** A plain hash is enough: nobody guesses 256 random bits. */
export function hashRefreshToken(refreshToken: string): Buffer {
  return createHash('sha256').update(refreshToken).digest()
}

const USER_AGENT_CHARACTERS_MAX = 200

/** What a browser says it is, for people who look for a sign-in that is not theirs: printable, and not a book. */
export function tidyUserAgent(userAgent: string | undefined): string | null {
  const printable = (userAgent ?? '').replace(/[^\x21-\x7e]+/g, ' ').trim()
  return printable === '' ? null : printable.slice(0, USER_AGENT_CHARACTERS_MAX)
}
