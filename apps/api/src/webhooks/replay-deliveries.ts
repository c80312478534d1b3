import type { Tx } from '../db.ts'
import { deliveryIdSql } from '../events.ts'
import { idFloor } from '../id.ts'
import { REPLAY_MAX } from './delivery.ts'

interface Replay {
  endpointId: string
  from: Date
  /** Exclusive. */
  to: Date
  now: Date
}

/** What a replay took: `REPLAY_MAX` at most, and the last event of them, where the next one goes on. */
export interface Replayed {
  queued: number
  lastEventId: string | null
}

/** Sends again what failed for good, of events in a range. */
export async function replayFailed(tx: Tx, { endpointId, from, to, now }: Replay): Promise<Replayed> {
  const range = [idFloor('dlv', from), idFloor('dlv', to)]
  return present(
    await tx.query<{ eventId: string }>(replayFailedSql, [endpointId, ...range, now, REPLAY_MAX]),
  )
}

/**
 * Sends all events of a range again that the endpoint asks for, also those that happened while it was disabled or
 * did not exist. Needs the provider's row locked, so that two replays of one range do not both make deliveries.
 */
export async function replayRange(
  tx: Tx,
  input: Replay & { providerId: string; after: string | undefined },
): Promise<Replayed> {
  const { providerId, endpointId, from, to, after, now } = input
  const rows = await tx.query<{ eventId: string }>(replayRangeSql, [
    providerId,
    endpointId,
    idFloor('evt', from),
    idFloor('evt', to),
    now,
    REPLAY_MAX,
    after ?? '',
  ])
  return present(rows)
}

function present(rows: { eventId: string }[]): Replayed {
  const last = rows
    .map(({ eventId }) => eventId)
    .sort()
    .at(-1)
  return { queued: rows.length, lastEventId: last ?? null }
}

const replayFailedSql = `
  update webhook_deliveries d set status = 'pending', tries = 0, next_attempt_at = $4
  from (
    select tenant_id, id from webhook_deliveries
    where endpoint_id = $1 and status = 'failed' and id >= $2 and id < $3
    order by id limit $5
    for update
  ) f
  where d.tenant_id = f.tenant_id and d.id = f.id and d.status = 'failed'
  returning d.event_id as "eventId"`

// Deliveries that are there are sent again; for events that never had one it is made. Test events are nobody else's.
const replayRangeSql = `
  with wanted as materialized (
    select e.tenant_id, e.id, e.created_at, w.id as endpoint_id
    from events e
    join webhook_endpoints w on w.tenant_id = e.tenant_id and w.provider_id = e.provider_id and w.id = $2
    where e.provider_id = $1 and e.id >= $3 and e.id < $4 and e.id > $7 and e.type <> 'webhook.test'
      and w.events && array['*', e.type]
    order by e.id
    limit $6
  ), again as (
    update webhook_deliveries d set
      status = 'pending', tries = 0,
      next_attempt_at = case when d.claimed_until > $5 then d.claimed_until else $5::timestamptz end
    from wanted e
    where d.tenant_id = e.tenant_id and d.event_id = e.id and d.endpoint_id = e.endpoint_id
    returning d.event_id
  ), made as (
    insert into webhook_deliveries (tenant_id, id, endpoint_id, event_id, next_attempt_at, created_at)
    select e.tenant_id, ${deliveryIdSql('e.id')}, e.endpoint_id, e.id, $5, e.created_at
    from wanted e
    where not exists (
      select from webhook_deliveries d
      where d.tenant_id = e.tenant_id and d.event_id = e.id and d.endpoint_id = e.endpoint_id)
    returning event_id
  )
  select event_id as "eventId" from again union all select event_id from made`
