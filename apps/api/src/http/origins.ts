/**
 * Which origins providers listed: asked by preflights, which know no provider, and by every call of a provider's page.
 *
 * @module
 */
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Db } from '../db.ts'
import { idFloor } from '../id.ts'

/** How long a change made on another instance may take to be felt here. Changes made here are felt at once. */
const CACHE_MS = 2_000
const ENTRIES_MAX = 10_000
/** Longer ones are nobody's, and would be a place to store things. */
export const ORIGIN_CHARACTERS_MAX = 300
/** As long as a session can live. */
const SESSION_HOURS = 24

export interface Origins {
  /**
   * Whether any listed provider has this origin, or one that tests today, or was suspended and had sessions today.
   *
   * @param countLookUp called before the database is asked; what it throws refuses the call.
   */
  isKnown(origin: string, countLookUp: () => Promise<void>): Promise<boolean>
  of(provider: { tenantId: string; providerId: string }): Promise<readonly string[]>
  forget(): void
}

export function createOrigins({ db, clock }: { db: Db; clock: Clock }): Origins {
  const known = createCache<boolean>()
  const listed = createCache<readonly string[]>()
  return {
    isKnown: async (origin, countLookUp) =>
      origin.length <= ORIGIN_CHARACTERS_MAX &&
      known.get(
        origin,
        async () => {
          const since = new Date(clock().getTime() - SESSION_HOURS * 3_600_000)
          const values = [origin, since, idFloor('ses', since)]
          return (await db.batch.query(knownOriginSql, values)).length > 0
        },
        countLookUp,
      ),
    of: ({ tenantId, providerId }) =>
      listed.get(providerId, async () => {
        const [row] = await db.batch.query<{ origins: string[] }>(originsSql, [tenantId, providerId])
        return row?.origins ?? []
      }),
    forget() {
      known.clear()
      listed.clear()
    },
  }
}

/** Whatever was just written to a provider may concern its origins: that is rare, and asking again is cheap. */
export function forgetOriginsOnChange(app: FastifyInstance, origins: Origins): void {
  app.addHook('onSend', (request, _reply, payload, done) => {
    if (request.method !== 'GET' && /^\/(providers|operator)/.test(request.url)) origins.forget()
    done(null, payload)
  })
}

function createCache<Value>() {
  const entries = new Map<string, { value: Value; at: number }>()
  // Every page of an app comes for the same one, and more of them the longer the database takes.
  const reading = new Map<string, Promise<Value>>()
  let cleared = 0

  async function readAndKeep(key: string, read: () => Promise<Value>): Promise<Value> {
    const at = performance.now()
    const began = cleared
    const value = await read()
    // Read before a change of this instance, perhaps: kept, it would hide that.
    if (began !== cleared) return value
    if (entries.size >= ENTRIES_MAX) entries.clear()
    entries.set(key, { value, at })
    return value
  }

  return {
    /** @param beforeReading whose refusal is this caller's alone */
    async get(key: string, read: () => Promise<Value>, beforeReading?: () => Promise<void>): Promise<Value> {
      const entry = entries.get(key)
      if (entry && performance.now() - entry.at < CACHE_MS) return entry.value
      if (beforeReading && !reading.has(key)) await beforeReading()
      const running = reading.get(key)
      if (running) return running
      const begun = readAndKeep(key, read).finally(() => {
        if (reading.get(key) === begun) reading.delete(key)
      })
      reading.set(key, begun)
      return begun
    },
    clear() {
      entries.clear()
      reading.clear()
      cleared += 1
    },
  }
}

// An app under test is not listed yet; a day is as long as its session can live. Whoever uses an app while it is suspended would
// not read why it ended: a browser keeps the answer from a page whose origin is not named, and the page takes that for an outage.
const knownOriginSql = `
  (select from providers where status = 'listed' and allowed_origins @> array[$1] limit 1)
  union all
  (select from sessions s join providers p on p.tenant_id = s.tenant_id and p.id = s.provider_id
   where s.is_test and s.created_at > $2 and p.status <> 'suspended' and p.allowed_origins @> array[$1] limit 1)
  union all
  (select from providers p where p.status = 'suspended' and p.allowed_origins @> array[$1] and exists (
     select from sessions s where s.tenant_id = p.tenant_id and s.provider_id = p.id and s.id >= $3
   ) limit 1)`

const originsSql = 'select allowed_origins as origins from providers where tenant_id = $1 and id = $2'
