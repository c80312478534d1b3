import type { Db } from '../db.ts'
import { type EventRow, IS_TEST_SQL } from './event.ts'

/** One endpoint never has more under way, on however many instances. */
export const UNDER_WAY_MAX = 8
/** One that does not answer well gets one try at a time: it holds 15 s of a slot with each. */
const UNDER_WAY_WHILE_FAILING_MAX = 1
/** Longer than an attempt can take. Whoever dies with a claim leaves it to others after this. */
export const LEASE_MS = 60_000
const ENDPOINTS_MAX = 500

export interface ClaimedDelivery extends EventRow {
  tenantId: string
  id: string
  tries: number
  endpointId: string
  url: string
  isFailing: boolean
  secretSealed: Buffer
  previousSecretSealed: Buffer | null
  signingKeySealed: Buffer | null
  previousSigningKeySealed: Buffer | null
  previousSecretUntil: Date | null
}

/**
 * Takes deliveries that are due: those of endpoints that work first, so that all the others share what is left.
 *
 * Of each endpoint no more than its bound are under way. To count them is exact only when nobody else claims for it,
 * so the endpoints are locked first and counted in a second statement, which sees what the last claim committed.
 *
 * @param input `slots` is how many may be taken at all, `failingSlots` how many of endpoints that fail
 */
export function claimDeliveries(
  db: Db,
  { slots, failingSlots, now }: { slots: number; failingSlots: number; now: Date },
): Promise<ClaimedDelivery[]> {
  return db.inBatch(async (tx) => {
    const endpoints = await tx.query<{ tenantId: string; id: string; isFailing: boolean }>(lockEndpointsSql, [
      now,
      ENDPOINTS_MAX,
    ])
    const failing = endpoints.filter(({ isFailing }) => isFailing).slice(0, Math.max(0, failingSlots))
    const chosen = [...endpoints.filter(({ isFailing }) => !isFailing), ...failing]
    if (chosen.length === 0 || slots <= 0) return []
    return tx.query<ClaimedDelivery>(claimSql, [
      chosen.map(({ tenantId }) => tenantId),
      chosen.map(({ id }) => id),
      chosen.map(({ isFailing }) => (isFailing ? UNDER_WAY_WHILE_FAILING_MAX : UNDER_WAY_MAX)),
      now,
      slots,
      new Date(now.getTime() + LEASE_MS),
    ])
  })
}

// Jumps from endpoint to endpoint through the index of what is pending, so a backlog of one costs one probe. The lock
// leaves events and their readers alone; an endpoint that another instance claims for is its business.
const lockEndpointsSql = `
  with recursive busy as (
    (select d.tenant_id, d.endpoint_id from webhook_deliveries d where d.status = 'pending'
     order by d.tenant_id, d.endpoint_id limit 1)
    union all
    select n.tenant_id, n.endpoint_id
    from busy b cross join lateral (
      select d.tenant_id, d.endpoint_id from webhook_deliveries d
      where d.status = 'pending' and (d.tenant_id, d.endpoint_id) > (b.tenant_id, b.endpoint_id)
      order by d.tenant_id, d.endpoint_id limit 1
    ) n
  )
  select w.tenant_id as "tenantId", w.id, w.failing_since is not null as "isFailing"
  from busy b
  join webhook_endpoints w on w.tenant_id = b.tenant_id and w.id = b.endpoint_id and w.status = 'enabled'
  cross join lateral (
    select d.next_attempt_at from webhook_deliveries d
    where d.tenant_id = w.tenant_id and d.endpoint_id = w.id and d.status = 'pending' and d.next_attempt_at <= $1
    order by d.next_attempt_at limit 1
  ) due
  order by w.failing_since is not null, due.next_attempt_at
  limit $2
  for no key update of w skip locked`

const claimSql = `
  with endpoints as (
    select * from unnest($1::text[], $2::text[], $3::int[]) with ordinality as i (tenant_id, id, bound, place)
  ), due as materialized (
    select d.tenant_id, d.id
    from endpoints i
    cross join lateral (
      select d.tenant_id, d.id, d.next_attempt_at from webhook_deliveries d
      where d.tenant_id = i.tenant_id and d.endpoint_id = i.id and d.status = 'pending' and d.next_attempt_at <= $4
      order by d.next_attempt_at
      limit greatest(0, i.bound - (
        select count(*) from webhook_deliveries u
        where u.tenant_id = i.tenant_id and u.endpoint_id = i.id and u.claimed_until > $4))
      for update skip locked
    ) d
    order by i.place
    limit $5
  )
  update webhook_deliveries d set claimed_until = $6, next_attempt_at = $6
  from due join webhook_deliveries o on o.tenant_id = due.tenant_id and o.id = due.id
  join webhook_endpoints w on w.tenant_id = o.tenant_id and w.id = o.endpoint_id
  join events e on e.tenant_id = o.tenant_id and e.id = o.event_id
  where d.tenant_id = due.tenant_id and d.id = due.id
  returning d.tenant_id as "tenantId", d.id, d.tries, w.id as "endpointId", w.url,
    w.failing_since is not null as "isFailing",
    w.secret_sealed as "secretSealed", w.previous_secret_sealed as "previousSecretSealed",
    w.signing_key_sealed as "signingKeySealed", w.previous_signing_key_sealed as "previousSigningKeySealed",
    w.previous_secret_until as "previousSecretUntil",
    e.id as "eventId", e.type, e.sequence, e.snapshot, e.created_at as "eventCreatedAt",
    ${IS_TEST_SQL} as "isTest"`
