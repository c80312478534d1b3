import type { KeyRing } from '../keys/key-ring.ts'

export const ACCESS_TOKEN_SECONDS = 15 * 60

export interface SignedInUser {
  tenantId: string
  userId: string
  /** When everybody was signed out of the account last, as the transaction that signs in sees it. */
  signedOutAt: Date | null
  /** When that transaction began: a sign-out that came after it is later. */
  now: Date
}

/**
 * Signs who somebody is. Nothing is stored: it is good until it expires, also after a logout, or until the account is
 * taken back (`signed-out.ts`). Asks nobody anything, because a refresh token is used up by then.
 */
export async function issueAccessToken(
  { keys }: { keys: KeyRing },
  { tenantId, userId, signedOutAt, now }: SignedInUser,
): Promise<string> {
  const nowSeconds = Math.floor(now.getTime() / 1000)
  // Tokens of the very second of a sign-out are void: one that is made after it is dated a second later.
  const issuedAt =
    signedOutAt === null ? nowSeconds : Math.max(nowSeconds, Math.floor(signedOutAt.getTime() / 1000) + 1)
  return keys.sign('at+jwt', {
    sub: userId,
    aud: 'marketplace',
    tid: tenantId,
    iat: issuedAt,
    exp: issuedAt + ACCESS_TOKEN_SECONDS,
  })
}
