import type { Clock } from '../clock.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { SignedOut } from './signed-out.ts'

export const ACCESS_TOKEN_SECONDS = 15 * 60

/**
 * Signs who somebody is. Nothing is stored: it is good until it expires, also after a logout, or until the account is
 * taken back (`signed-out.ts`).
 */
export async function issueAccessToken(
  { keys, clock, signedOut }: { keys: KeyRing; clock: Clock; signedOut: SignedOut },
  { tenantId, userId }: { tenantId: string; userId: string },
): Promise<string> {
  const issuedAt = await signedOut.issueAt(userId, Math.floor(clock().getTime() / 1000))
  return keys.sign('at+jwt', {
    sub: userId,
    aud: 'marketplace',
    tid: tenantId,
    iat: issuedAt,
    exp: issuedAt + ACCESS_TOKEN_SECONDS,
  })
}
