import type { Clock } from '../clock.ts'
import type { Db } from '../db.ts'
import type { Actor } from '../http/authenticate.ts'
import { hashOfSecret } from './api-key.ts'

type KeyActor = Extract<Actor, { kind: 'key' }>

/** `lastUsedAt` is true to the minute: a write per call would make reads cost what writes cost. */
const TOUCH_MINUTES = 1

interface FoundRow {
  id: string
  tenantId: string
  providerId: string
  scopes: string[]
  mode: 'live' | 'test'
  isTouchDue: boolean
}

/**
 * Whom a secret speaks for; undefined when it is unknown, revoked or over.
 *
 * Asked of the database in every call: one look by an index, so that a revocation counts at once on every instance.
 *
 * @example const actor = await findApiKey(deps, 'tmk_live_…')
 */
export async function findApiKey(
  { db, clock }: { db: Db; clock: Clock },
  secret: string,
): Promise<KeyActor | undefined> {
  const hash = hashOfSecret(secret)
  if (!hash) return undefined
  const now = clock()
  const touchedBefore = new Date(now.getTime() - TOUCH_MINUTES * 60_000)
  const [row] = await db.batch.query<FoundRow>(findApiKeySql, [hash, now, touchedBefore])
  if (!row) return undefined
  const { id, tenantId, providerId, scopes, mode, isTouchDue } = row
  if (isTouchDue) await db.batch.query(touchApiKeySql, [tenantId, id, now])
  return { kind: 'key', keyId: id, tenantId, providerId, scopes, mode }
}

// Found by the hash alone: the secret is what says which tenant it belongs to.
const findApiKeySql = `
  select id, tenant_id as "tenantId", provider_id as "providerId", scopes, mode,
    last_used_at is null or last_used_at < $3 as "isTouchDue"
  from api_keys
  where secret_hash = $1 and revoked_at is null and (expires_at is null or expires_at > $2)`

const touchApiKeySql = `update api_keys set last_used_at = $3 where tenant_id = $1 and id = $2`
