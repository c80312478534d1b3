import type { Clock } from '../clock.ts'
import type { KeyRing } from '../keys/key-ring.ts'

export const ACCESS_TOKEN_SECONDS = 15 * 60

/** Signs who somebody is. Nothing is stored: it is good until it expires, also after a logout. */
export function issueAccessToken(
  { keys, clock }: { keys: KeyRing; clock: Clock },
  { tenantId, userId }: { tenantId: string; userId: string },
): Promise<string> {
  const issuedAt = Math.floor(clock().getTime() / 1000)
  return keys.sign('at+jwt', {
    sub: userId,
    aud: 'marketplace',
    tid: tenantId,
    iat: issuedAt,
    exp: issuedAt + ACCESS_TOKEN_SECONDS,
  })
}
