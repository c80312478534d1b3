/**
 * How often a provider's page was seen: counted in memory, added up in the database every few seconds.
 *
 * The reader of a page waits for none of it, and a database that is away costs counts, not answers. What was counted and
 * not written when the process dies is lost: a few seconds' worth.
 *
 * @module
 */
import { hash, randomBytes } from 'node:crypto'
import type { Deps } from '../deps.ts'
import { quarterFloor } from './activity.ts'

/** A visitor that asks again within this long after the last time is still looking at the same page. */
export const SAME_VIEW_MS = 30 * 60_000
export const FLUSH_MS = 5_000
/** Who looked lately, in two halves. Of too many the half silent longest is forgotten, and counted anew should it come back. */
export const VISITORS_MAX = 20_000
/** Counts of one provider and quarter that wait to be written. Beyond them new ones are dropped. */
export const WAITING_MAX = 10_000

/** What says of itself that nobody is looking: crawlers, previews, probes, and tools without a page. */
const ROBOT =
  /(?<!cu)bot\b|bot[/_-]|crawl|spider|slurp|preview|facebookexternalhit|whatsapp|embed|monitor|uptime|pingdom|lighthouse|headless|curl\/|wget\/|python|java\/|go-http|okhttp|axios\/|scrapy|libwww|httpclient/i

export interface Look {
  tenantId: string
  providerId: string
  /** Where the request came from, as limits see it. */
  address: string
  headers: { [name: string]: string | string[] | undefined }
}

export interface ListingViews {
  /** Counts a look at a listing, unless nobody looked or it goes on. Never throws, never waits. */
  note(look: Look): void
  /** Writes what was counted; what cannot be written is kept for the next time. */
  flush(): Promise<void>
  /** Flushes every few seconds until stopped; stopping flushes. */
  start(): () => Promise<void>
}

export function createListingViews({ db, clock, log }: Pick<Deps, 'db' | 'clock' | 'log'>): ListingViews {
  // Of this process alone, so that what is kept tells nobody who looked.
  const secret = randomBytes(32).toString('base64')
  // Two maps and not one in the order of looks: deleting the oldest of one made finding the next oldest slow.
  let recent = new Map<string, number>()
  let before = new Map<string, number>()
  let waiting = new Map<string, { tenantId: string; providerId: string; quarter: Date; views: number }>()
  let flushing: Promise<void> | undefined

  function isNew({ tenantId, providerId, address, headers }: Look, at: number): boolean {
    const told = JSON.stringify([secret, tenantId, providerId, address, headers['user-agent']])
    const visitor = hash('sha256', told, 'base64').slice(0, 16)
    const lastAt = recent.get(visitor) ?? before.get(visitor)
    recent.set(visitor, at)
    if (recent.size >= VISITORS_MAX / 2) {
      before = recent
      recent = new Map()
    }
    return lastAt === undefined || at - lastAt >= SAME_VIEW_MS
  }

  function add(tenantId: string, providerId: string, quarter: Date, views: number): void {
    const key = `${tenantId} ${providerId} ${quarter.getTime()}`
    const counted = waiting.get(key)
    if (counted) counted.views += views
    else if (waiting.size < WAITING_MAX) waiting.set(key, { tenantId, providerId, quarter, views })
  }

  async function write(): Promise<void> {
    const rows = [...waiting.values()]
    if (rows.length === 0) return
    waiting = new Map()
    try {
      await db.batch.query(addViewsSql, [
        rows.map(({ tenantId }) => tenantId),
        rows.map(({ providerId }) => providerId),
        rows.map(({ quarter }) => quarter),
        rows.map(({ views }) => views),
      ])
    } catch (error) {
      log.warn({ err: error, views: rows.length }, 'listing views not written, the next try has them')
      for (const { tenantId, providerId, quarter, views } of rows) add(tenantId, providerId, quarter, views)
    }
  }

  const views: ListingViews = {
    note(look) {
      if (isAutomatic(look.headers)) return
      const now = clock()
      if (isNew(look, now.getTime())) add(look.tenantId, look.providerId, quarterFloor(now), 1)
    },
    flush() {
      // One at a time, in turn: what a later caller has counted may not be in the write that runs.
      flushing = (flushing ?? Promise.resolve()).then(write)
      return flushing
    },
    start() {
      const timer = setInterval(() => void views.flush(), FLUSH_MS)
      timer.unref()
      return async () => {
        clearInterval(timer)
        await views.flush()
      }
    },
  }
  return views
}

/** Fetched ahead, in case somebody looks, or by what is no browser and no app. */
export function isAutomatic(headers: Look['headers']): boolean {
  const ahead = `${headers['sec-purpose'] ?? ''} ${headers.purpose ?? ''} ${headers['x-moz'] ?? ''}`
  const agent = String(headers['user-agent'] ?? '')
  return /prefetch|prerender|preview/i.test(ahead) || agent === '' || ROBOT.test(agent)
}

// Rows in the order of their keys, so that instances that write at once wait for each other and never in a circle.
const addViewsSql = `
  insert into listing_views as v (tenant_id, provider_id, quarter, views)
  select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::integer[]) as n (tenant_id, provider_id, quarter, views)
  order by 1, 2, 3
  on conflict (tenant_id, provider_id, quarter) do update set views = v.views + excluded.views`
