/**
 * How each kind of credential is checked: the one place that knows both HTTP's callers and the domains behind them.
 *
 * @module
 */
import type { Deps } from './deps.ts'
import type { Authenticators } from './http/authenticate.ts'
import { idPattern } from './id.ts'
import { JwtRefused } from './keys/key-ring.ts'
import { findApiKey } from './providers/find-api-key.ts'

const PROVIDER_ID = new RegExp(idPattern('prv'))

export function createAuthenticators({ db, clock, keys, signedOut }: Deps): Authenticators {
  const claimsOf = async (jwt: string, typ: 'at+jwt' | 'session+jwt', audience?: string) => {
    try {
      return await keys.verify(jwt, typ, audience)
    } catch (error) {
      if (error instanceof JwtRefused) return undefined
      throw error
    }
  }
  const user = async (jwt: string) => {
    const claims = await claimsOf(jwt, 'at+jwt', 'marketplace')
    if (!claims) return undefined
    const userId = String(claims.sub)
    const issuedAtSeconds = Number(claims.iat ?? 0)
    if (await signedOut.isVoid({ userId, issuedAtSeconds })) return undefined
    return {
      kind: 'user' as const,
      tenantId: String(claims.tid),
      userId,
      isOperator: false,
      issuedAtSeconds,
    }
  }
  return {
    user,
    async operator(jwt) {
      const actor = await user(jwt)
      if (!actor) return undefined
      const rows = await db.inTenant(actor.tenantId, (tx) =>
        tx.query<{ isOperator: boolean }>('select is_operator as "isOperator" from users where id = $1', [
          actor.userId,
        ]),
      )
      return { ...actor, isOperator: rows[0]?.isOperator ?? false }
    },
    async session(jwt) {
      const claims = await claimsOf(jwt, 'session+jwt')
      // Its `sid` says which session, and `aud` which provider: one, and nothing that merely turns into text.
      if (typeof claims?.aud !== 'string' || !PROVIDER_ID.test(claims.aud)) return undefined
      return {
        kind: 'session',
        tenantId: String(claims.tid),
        sessionId: String(claims.sid),
        providerId: claims.aud,
        clientId: String(claims.cid),
      }
    },
    key: (secret) => findApiKey({ db, clock }, secret),
  }
}
