import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import type { Actor } from '../http/authenticate.ts'
import { API_KEY_COLUMNS, type ApiKeyRow, mayManageKey } from './api-key.ts'

/**
 * A key of a provider for whoever may replace or end it, locked until the end of the transaction; also one that works no more.
 *
 * @throws {Problem} `api_key_not_found`; `forbidden` for a key that reaches for one that may do more than it may itself
 */
export async function lockApiKey(
  tx: Tx,
  { providerId, id, by }: { providerId: string; id: string; by: Actor },
): Promise<ApiKeyRow> {
  const [key] = await tx.query<ApiKeyRow>(lockApiKeySql, [id, providerId])
  if (!key) throw new Problem('api_key_not_found')
  if (!mayManageKey(by, key)) {
    throw new Problem('forbidden', {
      detail: 'A key replaces and revokes keys of its own mode that have no scope it lacks.',
    })
  }
  return key
}

const lockApiKeySql = `select ${API_KEY_COLUMNS} from api_keys where id = $1 and provider_id = $2 for update`
