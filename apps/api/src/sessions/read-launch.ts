import type { JWTPayload } from 'jose'
import { Problem } from '../errors.ts'
import { idPattern } from '../id.ts'
import { digestJwt, JwtRefused, type KeyRing } from '../keys/key-ring.ts'
import { returnUrlOf } from './session.ts'

const SESSION_ID = new RegExp(idPattern('ses'))
const NAME = /^[\w-]{1,64}$/

/** What a launch JWT says. */
export interface ShownLaunch {
  tenantId: string
  sessionId: string
  providerId: string
  jti: string
  /** Its signature was not verified: a session's row that has its digest proves it as well. */
  unproven?: { digest: Buffer; verify: () => Promise<unknown> } | undefined
}

/**
 * Reads a launch JWT, and verifies it unless another instance may have written down what it signed.
 *
 * @throws {Problem} `launch_invalid`, `launch_expired`
 */
export async function readLaunch(
  keys: KeyRing,
  launchJwt: string,
  marketplaceUrl: string,
): Promise<ShownLaunch> {
  const verify = () => verifyLaunch(keys, launchJwt, marketplaceUrl)
  const said = await keys.readUnverified(launchJwt, 'launch+jwt')
  // Whatever is not written as we write it goes to no statement that others share.
  const isPlain = said !== undefined && namesOf(said).every((name) => NAME.test(name))
  const [tenantId, sessionId, providerId, jti] = namesOf(isPlain ? said : await verify())
  if (!SESSION_ID.test(sessionId)) throw new Problem('launch_invalid', {}, 'sid is not a session')
  const unproven = isPlain ? { digest: digestJwt(launchJwt), verify } : undefined
  return { tenantId, sessionId, providerId, jti, unproven }
}

const namesOf = ({ tid, sid, aud, jti }: JWTPayload) =>
  [tid, sid, aud, jti].map(String) as [string, string, string, string]

function verifyLaunch(keys: KeyRing, launchJwt: string, marketplaceUrl: string): Promise<JWTPayload> {
  return keys.verify(launchJwt, 'launch+jwt').catch((error: unknown) => {
    if (!(error instanceof JwtRefused)) throw error
    const sid = String(error.claims?.sid)
    // Only what we signed ourselves makes an address of ours.
    const back = SESSION_ID.test(sid) ? { returnUrl: returnUrlOf(marketplaceUrl, sid) } : {}
    if (error.reason === 'expired') throw new Problem('launch_expired', back, error.message)
    throw new Problem('launch_invalid', {}, error.message)
  })
}
