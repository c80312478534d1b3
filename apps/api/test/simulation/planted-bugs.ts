/**
 * Bugs to plant, one at a time: the simulation has to notice them. Each is a change of a statement or of a function
 * in the database; one whose text is no longer found is reported, so the list cannot rot.
 *
 * @module
 */
export interface PlantedBug {
  name: string
  /** A function in the database; else a statement of the application is changed on its way. */
  sqlFunction?: string
  from: string
  to: string
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'what became of a purchase is never asked',
    from: "where status = 'pending' and reconcile_at <= $1",
    to: "where status = 'failed' and reconcile_at <= $1",
  },
  {
    name: 'what became of a purchase is asked once only',
    from: "greatest($2 * interval '1 ms', ($1 - p.created_at) / 2)",
    to: "$2 * interval '0 ms' + interval '1 year'",
  },
  {
    name: 'gaps up to 90 s count whole, asleep or not',
    sqlFunction: 'counted_ms',
    from: 'when ms_between(s.last_beat_at, p_at) <= 45000 then',
    to: 'when ms_between(s.last_beat_at, p_at) <= 90000 then',
  },
  {
    name: 'a silent gap over 130 s counts without activeMs',
    sqlFunction: 'counted_ms',
    from: 'coalesce(p_active_ms, 0)',
    to: 'coalesce(p_active_ms, 130000)',
  },
  {
    name: 'time after a final beat counts',
    sqlFunction: 'counted_ms',
    from: '<= 30000',
    to: '<= 3000000',
  },
  {
    name: 'beyond the allowance gaps count by activeMs again',
    sqlFunction: 'counted_ms',
    from: 'when s.is_lease_short then least(ms_between(s.last_beat_at, p_at), 45000)',
    to: 'when false then 0',
  },
  {
    name: 'the lease before the first beat is not shorter',
    sqlFunction: 'lease_ms',
    from: 's.is_first_beat_due or ',
    to: '',
  },
  {
    name: 'a resumption in the marketplace starts the clock before the app hears of it',
    sqlFunction: 'counted_ms',
    from: 'coalesce(s.told_ms, s.duration_ms)',
    to: 's.duration_ms',
  },
  {
    name: 'a session that waits for its launch is cancelled a minute early',
    sqlFunction: 'over_reason',
    from: "interval '5 minutes'",
    to: "interval '4 minutes'",
  },
  {
    name: 'a pause that was looked at once is swept a day later',
    sqlFunction: 'next_sweep_at',
    from: "when 'paused' then s.paused_at + (1800001 - s.paused_ms) * interval '1 millisecond'",
    to: "when 'paused' then null",
  },
  {
    name: 'a new launch JWT waits no longer than the one before',
    from: 'launch_expires_at = case when m.may_go_on then $4 else s.launch_expires_at end',
    to: 'launch_expires_at = coalesce(s.launch_expires_at, $4)',
  },
  {
    name: 'what the app has paused its user cannot pause',
    from: 'set is_paused_by_user = true where',
    to: 'set is_paused_by_user = false where',
  },
  {
    name: 'a relaunch leaves the launch JWT before it good',
    from: 'when s.launch_jti <> i.jti and s.held_jti is distinct from i.jti then',
    to: 'when false then',
  },
  {
    name: 'a new session starts with a new allowance',
    from: 'is_lease_short = s.is_lease_short or a.is_over_allowance',
    to: 'is_lease_short = s.is_lease_short',
  },
  {
    name: 'sessions left alone are not on the allowance before they end',
    from: "and x.status in ('active', 'paused') and x.ended_at",
    to: 'and false and x.ended_at',
  },
  {
    name: 'beyond the allowance a session left alone does not pay for its last lease',
    from: 'case when s.is_lease_short then unvouched_ms(',
    to: 'case when false then unvouched_ms(',
  },
  { name: 'leases of 180 s', sqlFunction: 'lease_ms', from: '130000', to: '180000' },
  {
    name: 'silence ends a session after an hour only',
    sqlFunction: 'over_reason',
    from: 'ms_between(s.last_beat_at, p_at) > 1800000',
    to: 'ms_between(s.last_beat_at, p_at) > 3600000',
  },
  {
    name: 'earlier pauses are forgotten',
    sqlFunction: 'over_reason',
    from: 's.paused_ms + ms_between',
    to: 'ms_between',
  },
  {
    name: 'a debt does not block new sessions',
    sqlFunction: 'place_holds',
    from: 'w.debt = 0 and',
    to: '',
  },
  {
    name: 'a hold is not checked against what is held already',
    sqlFunction: 'place_holds',
    from: 'w.posted - w.held >= i.amount',
    to: 'w.posted >= i.amount',
  },
  {
    name: 'a capture forgets to release the rest',
    sqlFunction: 'capture_holds',
    from: 'held = w.held - r.captured - (case when w.debt > 0 then 0 else r.released end)',
    to: 'held = w.held - r.captured',
  },
  {
    name: 'the fee is rounded down',
    sqlFunction: 'capture_holds',
    from: '+ 5000)',
    to: '+ 0)',
  },
  {
    name: 'the newest hold is captured first',
    sqlFunction: 'capture_holds',
    from: 'partition by i.ordinal order by h.id rows',
    to: 'partition by i.ordinal order by h.id desc rows',
  },
  {
    name: 'what a session releases does not pay a debt',
    sqlFunction: 'capture_holds',
    from: 'w.debt > 0 as owes',
    to: 'false as owes',
  },
  {
    name: 'a refund takes from what is held',
    sqlFunction: 'reverse_credit',
    from: 'least(w.posted - w.held, p_amount)',
    to: 'least(w.posted, p_amount)',
  },
  {
    name: 'running sessions are swept a day later',
    from: 'sweep_at = least(s.sweep_at, running_sweep_at(a.at, s.duration_ms - s.used_ms - a.counted_ms))',
    to: "sweep_at = a.at + interval '1 day'",
  },
  {
    name: 'a launch JWT opens the app for anybody, again and again',
    from: 'when (s.held_jti = i.jti and s.client_id <> i.client_id) or s.launch_spent_by <> i.client_id then',
    to: 'when false then',
  },
  {
    name: 'a takeover keeps the sequence of the client before',
    from: 'sequence = case when s.client_id = a.client_id then s.sequence else 0 end',
    to: 'sequence = s.sequence',
  },
  {
    name: 'what nobody vouches for counts however long it was',
    sqlFunction: 'unvouched_ms',
    from: '<= 45000',
    to: '<= 45000000',
  },
  {
    name: 'repeated and late beats count again',
    from: 'and i.sequence > s.sequence',
    to: '',
  },
  {
    name: 'a repeated beat counts what it tells',
    from: 'and i.sequence > s.sequence',
    to: 'and i.sequence >= s.sequence',
  },
  {
    name: 'final beats are forgotten',
    from: "is_final = case when s.status = 'active' then l.is_final else s.is_final end",
    to: 'is_final = false',
  },
  {
    name: 'the charge is rounded down',
    from: '+ 59999) / 60000',
    to: '+ 0) / 60000',
  },
  {
    name: 'what has ended ends again',
    from: "where s.status <> 'ended'\n      and (i.by_user_id",
    to: 'where true\n      and (i.by_user_id',
  },
  {
    name: 'an extension holds tokens and the session does not know',
    from: 'tokens_held = s.tokens_held + $3',
    to: 'tokens_held = s.tokens_held + 0 * $3',
  },
  {
    name: 'new minutes run before the app knows of them',
    from: "told_ms = case when s.status = 'active' then coalesce(s.told_ms, s.duration_ms) else s.told_ms end",
    to: 'told_ms = null',
  },
  {
    name: 'a gap before an extension is shorter by what the app was closed',
    from: 'is_resumed_there = s.told_ms is not null and s.is_resumed_there',
    to: `is_resumed_there = s.told_ms is not null and s.is_resumed_there,
    last_beat_at = greatest(s.last_beat_at, $4 - (coalesce(s.told_ms, s.duration_ms) - s.used_ms) * interval '1 millisecond')`,
  },
  {
    name: 'a page that starts the clock again pays for the wait',
    from: 'greatest(s.last_beat_at, $2) end, unbilled_ms',
    to: 'least(s.last_beat_at, $2) end, unbilled_ms',
  },
  {
    name: 'a page that starts the clock again does not pay for what it was used before',
    from: 'used_ms = s.used_ms + $3, last_beat_at',
    to: 'used_ms = s.used_ms + 0 * $3, last_beat_at',
  },
  {
    name: 'nobody is told what was earned',
    from: '$8::timestamptz[])\n    returning tenant_id',
    to: "$8::timestamptz[]) as n (a, b, type, d, e, f, g, h) where n.type <> 'earnings.posted'\n    returning tenant_id",
  },
  {
    name: 'nobody is told that a session has started',
    from: '$8::timestamptz[])\n    returning tenant_id',
    to: "$8::timestamptz[]) as n (a, b, type, d, e, f, g, h) where n.type <> 'session.started'\n    returning tenant_id",
  },
  {
    name: 'nobody is told that a session has paused',
    from: '$8::timestamptz[])\n    returning tenant_id',
    to: "$8::timestamptz[]) as n (a, b, type, d, e, f, g, h) where n.type <> 'session.paused'\n    returning tenant_id",
  },
  {
    name: 'a resumption has the number of the pause before it',
    from: 'sequence = coalesce($3, s.sequence), event_sequence = s.event_sequence + 1',
    to: 'sequence = coalesce($3, s.sequence), event_sequence = s.event_sequence + 0',
  },
  {
    name: 'a webhook that was refused is not sent again',
    from: "then 'failed' else 'pending' end",
    to: "then 'failed' else 'failed' end",
  },
  {
    name: 'a dispute that was won is open again when its beginning is told late',
    from: "d.status = 'inquiry'\n    or (d.status = 'open'",
    to: "d.status <> 'open'\n    or (d.status = 'open'",
  },
  {
    name: 'another browser inherits the goodbye of the one before',
    from: "is_first_beat_due = s.status <> 'paused',\n      is_final = false",
    to: "is_first_beat_due = s.status <> 'paused',\n      is_final = s.is_final",
  },
  {
    name: 'stored answers are not found',
    from: 'where caller = $1 and route = $2 and key = $3',
    to: 'where caller = $1 and route = $2 and key = $3 and status = 0',
  },
  {
    name: 'an older refund event lowers what was refunded',
    from: 'refunded_cents = greatest(refunded_cents, least($3, amount_cents))',
    to: 'refunded_cents = least($3, amount_cents)',
  },
  {
    name: 'a refund that failed keeps the tokens',
    from: 'sum(r.amount_cents) filter (where r.failed_at is not null)',
    to: 'sum(r.amount_cents) filter (where false)',
  },
  {
    name: 'a dispute of a part takes all',
    from: 'least(p.amount_cents, coalesce(d.cents, 0)) as "disputedCents"',
    to: 'case when d.cents is null then 0 else p.amount_cents end as "disputedCents"',
  },
  {
    name: 'an inquiry takes tokens',
    from: "d.status in ('open', 'lost')",
    to: "d.status <> 'won'",
  },
  {
    name: 'a lost dispute gives the tokens back',
    from: "d.status in ('open', 'lost')",
    to: "d.status = 'open'",
  },
  {
    name: 'unbilled time is not written down',
    from: 'u.unbilled_ms + excluded.unbilled_ms',
    to: 'u.unbilled_ms',
  },
  {
    name: 'what a beat leaves unbilled is forgotten',
    from: 'where l.is_accepted and l.served_ms > l.counted_ms and',
    to: 'where false and',
  },
  {
    name: 'what an ending leaves in a page is on nobody’s allowance',
    from: 'as i (tenant_id, session_id, client_id, left_at, user_id, provider_id, lease_ms)\n',
    to: 'as i (tenant_id, session_id, client_id, left_at, user_id, provider_id, lease_ms)\n  where false\n',
  },
  {
    name: 'what another browser leaves in a page is on nobody’s allowance',
    from: 'from accepted a where a.left_ms > 0',
    to: 'from accepted a where false and a.left_ms > 0',
  },
  {
    name: 'what is shown on does not use up the allowance',
    from: 'select sum(shown_ms(y,',
    to: 'select sum(0 * shown_ms(y,',
  },
  {
    name: 'a browser that has its session back is taken to be shown one more',
    from: 'where a.held_by <> a.client_id and y.tenant_id',
    to: 'where false and y.tenant_id',
  },
  {
    name: 'nobody asks when a page that was left is opened again',
    from: "s.status = 'active' and ms_between(s.last_beat_at, i.at) > greatest",
    to: "s.status = 'ended' and ms_between(s.last_beat_at, i.at) > greatest",
  },
  {
    name: 'what is billed ahead of a takeover is billed again',
    from: ' + a.billed_left_ms * interval',
    to: ' + 0 * a.billed_left_ms * interval',
  },
  {
    name: 'what is billed ahead of a pause is billed again',
    from: " + $9 * interval '1 millisecond'",
    to: " + 0 * $9 * interval '1 millisecond'",
  },
  {
    name: 'a page that has heard is taken to show on',
    from: 'set shown_ms = shown_ms(l, $4)',
    to: 'set shown_ms = l.lease_ms + 0 * shown_ms(l, $4)',
  },
  {
    name: 'beyond the allowance an ending leaves a lease for nothing',
    from: 'else unvouched_ms(s, i.at) + ',
    to: 'else unvouched_ms(s, i.at) + 0 * ',
  },
  {
    name: 'beyond the allowance another browser leaves a lease for nothing',
    from: 'l.unvouched_ms + l.billed_left_ms as counted_ms',
    to: 'l.unvouched_ms + 0 * l.billed_left_ms as counted_ms',
  },
  {
    name: 'leases stay long beyond the allowance',
    from: 'update sessions s set is_lease_short = true',
    to: 'update sessions s set is_lease_short = false',
  },
  {
    name: 'an app starts again what its user has paused',
    from: 'is_paused_by_user = $5',
    to: 'is_paused_by_user = $5 and false',
  },
  {
    name: 'what was shown until the app heard of a pause is forgotten',
    from: 'set told_ms = null, unbilled_ms = s.unbilled_ms + $3',
    to: 'set told_ms = null, unbilled_ms = s.unbilled_ms + 0 * $3',
  },
  {
    name: 'a pause does not end with the last beat noted',
    from: 'greatest(s.last_beat_at, $2) end,\n    sequence',
    to: 's.last_beat_at end,\n    sequence',
  },
  {
    name: 'nobody counts what became of sessions',
    from: 'group by 1, 2, 3, 4\n  on conflict',
    to: 'group by 1, 2, 3, 4\n  having false\n  on conflict',
  },
]
