import type { Db } from '../db.ts'
import { Problem } from '../errors.ts'

/** How long a change of a provider's origins may take to be felt here. */
const CACHE_MS = 10_000
const PROVIDERS_MAX = 10_000

export type CheckOrigin = (
  origin: string | undefined,
  provider: { tenantId: string; providerId: string },
  alsoAllowed?: readonly string[],
) => Promise<void>

/**
 * Holds a request's `Origin` against its own provider. None at all passes: native apps and servers send none, and a
 * browser cannot leave it out. `null` passes only where the provider lists it.
 *
 * @throws {Problem} `origin_not_allowed`
 */
export function createCheckOrigin(db: Db): CheckOrigin {
  const known = new Map<string, { origins: string[]; at: number }>()
  return async (origin, { tenantId, providerId }, alsoAllowed = []) => {
    if (origin === undefined || alsoAllowed.includes(origin)) return
    let entry = known.get(providerId)
    if (!entry || performance.now() - entry.at > CACHE_MS) {
      const [row] = await db.batch.query<{ origins: string[] }>(originsSql, [tenantId, providerId])
      if (known.size >= PROVIDERS_MAX) known.clear()
      entry = { origins: row?.origins ?? [], at: performance.now() }
      known.set(providerId, entry)
    }
    if (!entry.origins.includes(origin)) throw new Problem('origin_not_allowed')
  }
}

const originsSql = 'select allowed_origins as origins from providers where tenant_id = $1 and id = $2'
