import { Problem } from '../errors.ts'
import type { Origins } from '../http/origins.ts'

/**
 * Holds a request's `Origin` against its own provider. None at all passes: native apps and servers send none, and a
 * browser cannot leave it out. `null` passes only where the provider lists it.
 *
 * @throws {Problem} `origin_not_allowed`
 */
export async function checkOrigin(
  origins: Origins,
  origin: string | undefined,
  provider: { tenantId: string; providerId: string },
  alsoAllowed: readonly string[] = [],
): Promise<void> {
  if (origin === undefined || alsoAllowed.includes(origin)) return
  if (!(await origins.of(provider)).includes(origin)) throw new Problem('origin_not_allowed')
}
