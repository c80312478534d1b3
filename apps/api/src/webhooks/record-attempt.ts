import type { Queryable } from '../db.ts'
import { toldSql } from '../providers/provider-mail.ts'
import { FAILING_MS_MAX, RETRY_AFTER_MS_MAX, RETRY_DELAYS_MS } from './delivery.ts'

export interface AttemptResult {
  startedAt: Date
  latencyMs: number
  /** Null: no answer, and `error` says why. */
  httpStatus: number | null
  error: string | null
  answer: string | null
  retryAfter: string | undefined
}

export interface DisabledEndpoint {
  tenantId: string
  endpointId: string
  providerId: string
  because: 'gone' | 'failing'
}

/** Tells one of a provider's people that an endpoint was disabled. */
export type DisabledMail = DisabledEndpoint & { userId: string }

/** A job per person, made in the statement that disables the endpoint. */
export const DISABLED_MAIL_TASK = 'send-webhook-disabled-mail'

/**
 * Writes down how an attempt went and what follows: delivered, tried again, or failed for good; and for the endpoint,
 * whether it works, fails, or has failed for so long that it is disabled.
 *
 * @returns the endpoint when this attempt was the one that disabled it.
 */
export async function recordAttempt(
  tx: Queryable,
  input: {
    tenantId: string
    id: string
    endpointId: string
    /** Where it was sent: of another address than the endpoint's by now it says nothing. */
    url: string
    /** How many there were when it was claimed. */
    tries: number
    result: AttemptResult
    now: Date
  },
): Promise<DisabledEndpoint | undefined> {
  const { tenantId, id, endpointId, url, tries, result, now } = input
  const { httpStatus, error, answer, latencyMs, startedAt, retryAfter } = result
  const isDelivered = httpStatus !== null && httpStatus >= 200 && httpStatus < 300
  const [changed] = await tx.query<DisabledEndpoint & { isDisabled: boolean }>(recordAttemptSql, [
    tenantId,
    id,
    isDelivered,
    isDelivered ? null : nextAttemptAt(tries, retryAfter, now),
    now,
    startedAt,
    httpStatus,
    latencyMs,
    error,
    answer,
    endpointId,
    httpStatus === 410,
    new Date(now.getTime() - FAILING_MS_MAX),
    DISABLED_MAIL_TASK,
    tries,
    url,
  ])
  if (!changed?.isDisabled) return undefined
  const { providerId, because } = changed
  return { tenantId, endpointId, providerId, because }
}

/** Null: all attempts were made. */
function nextAttemptAt(tries: number, retryAfter: string | undefined, now: Date): Date | null {
  const delayMs = RETRY_DELAYS_MS[tries]
  if (delayMs === undefined) return null
  const asked = retryAfter !== undefined && /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) * 1000 : 0
  return new Date(now.getTime() + Math.max(delayMs, Math.min(asked, RETRY_AFTER_MS_MAX)))
}

// A delivery whose lease ran out may have been sent twice; once delivered it stays so. A replay asked for while this
// attempt ran is answered by it if it delivers; else it has its schedule still before it, as it was told. The endpoint's row is
// written only when its health changes, and not by what came from an address that its owner replaced meanwhile.
const recordAttemptSql = `
  with moved as (
    update webhook_deliveries d set
      attempts = d.attempts + 1,
      tries = case when d.tries < $15 then d.tries else d.tries + 1 end,
      claimed_until = null,
      status = case when $3 or d.delivered_at is not null and d.status = 'delivered' then 'delivered'
        when $4::timestamptz is null and d.tries >= $15 then 'failed' else 'pending' end,
      next_attempt_at = case when d.tries < $15 then d.next_attempt_at else coalesce($4, $5) end,
      delivered_at = case when $3 then coalesce(d.delivered_at, $5) else d.delivered_at end
    where d.tenant_id = $1 and d.id = $2
    returning d.tenant_id, d.id, d.attempts
  ), attempt as (
    insert into webhook_attempts (tenant_id, delivery_id, number, at, http_status, latency_ms, error, answer_excerpt)
    select tenant_id, id, attempts, $6, $7, $8, $9, $10 from moved
  ), health as (
    update webhook_endpoints w set
      failing_since = case when $3 then null else coalesce(w.failing_since, $5) end,
      status = case when not $3 and ($12 or w.failing_since <= $13) then 'disabled' else w.status end,
      disabled_because = case when $3 then null when $12 then 'gone' when w.failing_since <= $13 then 'failing' end,
      updated_at = case when not $3 and ($12 or w.failing_since <= $13) then $5 else w.updated_at end
    where w.tenant_id = $1 and w.id = $11 and w.status = 'enabled' and w.url = $16
      and case when $3 then w.failing_since is not null
        else $12 or w.failing_since is null or w.failing_since <= $13 end
    returning w.status = 'disabled' as "isDisabled", w.tenant_id, w.id, w.provider_id, w.disabled_because
  )
  select h."isDisabled", h.provider_id as "providerId", h.disabled_because as because,
    case when h."isDisabled" then (
      select count(enqueue_job($14, json_build_object(
        'tenantId', h.tenant_id, 'endpointId', h.id, 'providerId', h.provider_id, 'userId', t.user_id,
        'because', h.disabled_because
      ), null, null))
      from (${toldSql}) t where t.tenant_id = h.tenant_id and t.provider_id = h.provider_id
    ) end
  from health h`
