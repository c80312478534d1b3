import type { Tx } from '../db.ts'
import type { Actor } from '../http/authenticate.ts'
import { lockApiKey } from './lock-api-key.ts'

/**
 * Ends a key at once; repeating it changes nothing.
 *
 * @throws {Problem} `api_key_not_found`; `forbidden` where a key would end one that may do more than it may itself
 */
export async function revokeApiKey(
  tx: Tx,
  { providerId, id, by, now }: { providerId: string; id: string; by: Actor; now: Date },
): Promise<void> {
  await lockApiKey(tx, { providerId, id, by, now })
  await tx.query(revokeSql, [id, now])
}

const revokeSql = 'update api_keys set revoked_at = coalesce(revoked_at, $2) where id = $1'
