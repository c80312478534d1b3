import type { Tx } from '../db.ts'
import { API_KEY_COLUMNS, type ApiKeyRow } from './api-key.ts'

/** A provider's keys, newest first, revoked ones included: who held what is part of the record. */
export function listApiKeys(
  tx: Tx,
  input: { providerId: string; after: string | undefined; limit: number },
): Promise<ApiKeyRow[]> {
  return tx.query(listApiKeysSql, [input.providerId, input.after ?? null, input.limit + 1])
}

const listApiKeysSql = `
  select ${API_KEY_COLUMNS}
  from api_keys
  where provider_id = $1 and ($2::text is null or id < $2)
  order by id desc
  limit $3`
