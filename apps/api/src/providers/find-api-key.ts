import type { Clock } from '../clock.ts'
import type { Db } from '../db.ts'
import type { Actor } from '../http/authenticate.ts'
import { hashOfSecret } from './api-key.ts'

type KeyActor = Extract<Actor, { kind: 'key' }>

/** How long an instance may believe what it read; a revocation elsewhere takes this long to arrive at most. */
const CACHE_MS = 5_000
const CACHED_MAX = 10_000
/** `lastUsedAt` is true to the minute: a write per call would make reads cost what writes cost. */
const TOUCH_MINUTES = 1

export interface ApiKeys {
  /** Whom a secret speaks for; undefined when it is unknown, revoked or over. */
  find(secret: string): Promise<KeyActor | undefined>
  /** Called after a change of keys: this instance asks the database again, from the next call on. */
  forget(): void
}

interface FoundRow {
  id: string
  tenantId: string
  providerId: string
  scopes: string[]
  mode: 'live' | 'test'
  expiresAt: Date | null
  isTouchDue: boolean
}

/** @example const apiKeys = createApiKeys(deps) */
export function createApiKeys({ db, clock }: { db: Db; clock: Clock }): ApiKeys {
  const cache = new Map<string, { row: FoundRow; at: number }>()
  // A look-up that began before a revocation must not put the old answer back.
  let generation = 0

  async function look(hash: Buffer): Promise<FoundRow | undefined> {
    const now = clock()
    const [row] = await db.batch.query<FoundRow>(findApiKeySql, [
      hash,
      now,
      new Date(now.getTime() - TOUCH_MINUTES * 60_000),
    ])
    if (row?.isTouchDue) await db.batch.query(touchApiKeySql, [row.tenantId, row.id, now])
    return row
  }

  return {
    async find(secret) {
      const hash = hashOfSecret(secret)
      if (!hash) return undefined
      const cacheKey = hash.toString('base64')
      const cached = cache.get(cacheKey)
      let row = cached && performance.now() - cached.at < CACHE_MS ? cached.row : undefined
      if (!row) {
        const startedIn = generation
        const startedAt = performance.now()
        row = await look(hash)
        if (row && startedIn === generation) {
          if (cache.size >= CACHED_MAX) cache.clear()
          cache.set(cacheKey, { row, at: startedAt })
        }
      }
      if (!row || (row.expiresAt !== null && row.expiresAt <= clock())) return undefined
      const { id, tenantId, providerId, scopes, mode } = row
      return { kind: 'key', keyId: id, tenantId, providerId, scopes, mode }
    },
    forget() {
      generation += 1
      cache.clear()
    },
  }
}

// Found by the hash alone: the secret is what says which tenant it belongs to.
const findApiKeySql = `
  select id, tenant_id as "tenantId", provider_id as "providerId", scopes, mode, expires_at as "expiresAt",
    last_used_at is null or last_used_at < $3 as "isTouchDue"
  from api_keys
  where secret_hash = $1 and revoked_at is null and (expires_at is null or expires_at > $2)`

const touchApiKeySql = `update api_keys set last_used_at = $3 where tenant_id = $1 and id = $2`
