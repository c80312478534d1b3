import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'

/**
 * Ends a key at once; repeating it changes nothing.
 *
 * @throws {Problem} `api_key_not_found`
 */
export async function revokeApiKey(
  tx: Tx,
  { providerId, id, now }: { providerId: string; id: string; now: Date },
): Promise<void> {
  const rows = await tx.query(
    `update api_keys set revoked_at = coalesce(revoked_at, $3)
     where id = $1 and provider_id = $2
     returning id`,
    [id, providerId, now],
  )
  if (rows.length === 0) throw new Problem('api_key_not_found')
}
