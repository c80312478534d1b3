/**
 * What happened with a provider, as figures: where each comes from, in one place, so that the roll-up and the reading
 * of what is not rolled up yet cannot differ.
 *
 * A figure belongs to the instant at which it came to be: an opening to when the session was opened, a validation to
 * when its time began, everything about the end (why, minutes, tokens) to when it was settled. So no figure of the past
 * ever changes. Tokens are read from the ledger's own transfers.
 *
 * @module
 */
import type { Queryable, Tx } from '../db.ts'
import { idFloor } from '../id.ts'

export const END_TYPES = ['completed', 'expired', 'abandoned', 'cancelled', 'revoked'] as const

export const QUARTER_MS = 15 * 60_000
export const quarterFloor = (at: Date) => new Date(Math.floor(at.getTime() / QUARTER_MS) * QUARTER_MS)
export const quarterSql = (at: string) =>
  `date_bin('15 minutes', ${at}, timestamptz '2000-01-01 00:00:00+00')`

/** What is rolled up in one transaction: a day. */
export const CHUNK_MS = 86_400_000

/** Quarters by number, as lists of people keep them: since 1970, so that 0 is never. */
export const quarterNumber = (at: Date) => Math.floor(at.getTime() / QUARTER_MS)
export const quarterNumberSql = (at: string) => `floor(extract(epoch from ${at}) / 900)::integer`

/** The sums, in the order of their columns. */
export const FIGURES = ['opened', 'validated', ...END_TYPES, 'used_ms', 'gross', 'fee', 'refunded'] as const

/**
 * One row per thing that happened: tenant_id, provider_id, is_test, at, user_id (of validations) and the figures.
 *
 * Ids begin with their time, so ranges of time are ranges of ids: sessions by when they were opened, events and
 * transfers by when they happened. Neither sessions nor events need an index of their own for this, and beats pay nothing.
 *
 * @param scope whose: `one` has the provider's id in $1 and leaves the tenant to row level security; `all` walks tenants
 * @param at the numbers of the bound values: the lowest session id and the first too high, then the same of events and of
 * transfers
 */
export function factsSql(scope: 'one' | 'all', at: [string, string, string, string, string, string]): string {
  const [sessionFrom, sessionTo, eventFrom, eventTo, transferFrom, transferTo] = at
  const sessions = scope === 'one' ? 'sessions s' : 'tenants t join sessions s on s.tenant_id = t.id'
  const events = scope === 'one' ? 'events e' : 'tenants t join events e on e.tenant_id = t.id'
  const transfers = scope === 'one' ? 'transfers r' : 'tenants t join transfers r on r.tenant_id = t.id'
  // A correction goes to or from a provider: a wrong charge goes back, and with it the fee of it; so may a wrong correction.
  const account = `case when r.debit_account_id like 'prv\\_%' then r.debit_account_id else r.credit_account_id end`
  const corrected = scope === 'one' ? `${account} = $1` : `${account} like 'prv\\_%'`
  const only = (alias: string) => (scope === 'one' ? `${alias}.provider_id = $1 and` : '')
  const ends = END_TYPES.map((type) => `(e.type = 'session.${type}')::int`).join(', ')
  return `
    select s.tenant_id, s.provider_id, s.is_test, s.created_at as at, null::text as user_id, 1 as opened, 0 as validated,
      ${END_TYPES.map((type) => `0 as ${type}`).join(', ')}, 0::bigint as used_ms, 0::bigint as gross, 0::bigint as fee,
      0::bigint as refunded
    from ${sessions}
    where ${only('s')} s.id >= ${sessionFrom} and s.id < ${sessionTo}
    union all
    select e.tenant_id, e.provider_id, s.is_test, e.created_at,
      case when e.type = 'session.started' then s.user_id end, 0, (e.type = 'session.started')::int, ${ends},
      case when e.type = 'session.started' then 0 else s.used_ms end, coalesce(l.gross, 0), coalesce(l.fee, 0), 0
    from ${events}
    join sessions s on s.tenant_id = e.tenant_id and s.id = e.session_id
    left join lateral (
      select sum(f.amount) filter (where f.kind = 'charge') as gross, sum(f.amount) filter (where f.kind = 'fee') as fee
      from transfers f
      where f.tenant_id = e.tenant_id and f.session_id = e.session_id and e.type <> 'session.started'
    ) l on true
    where ${only('e')} e.id >= ${eventFrom} and e.id < ${eventTo}
      and e.type in ('session.started', ${END_TYPES.map((type) => `'session.${type}'`).join(', ')})
    union all
    select r.tenant_id, ${account}, false, r.created_at, null, 0, 0, ${END_TYPES.map(() => '0').join(', ')}, 0, 0, 0,
      case when r.debit_account_id like 'prv\\_%' then r.amount else -r.amount end
    from ${transfers}
    where ${corrected} and r.id >= ${transferFrom} and r.id < ${transferTo}
      and r.kind = 'correction'`
}

/** Up to where quarters are written. To be read once, so that a roll-up that commits meanwhile neither hides one nor shows it twice. */
export async function readRolledUntil(tx: Queryable): Promise<Date> {
  const [progress] = await tx.query<{ rolledUntil: Date | null }>(
    'select rolled_until as "rolledUntil" from activity_progress',
  )
  return progress?.rolledUntil ?? new Date(0)
}

/** The quarter in which the first session of all was opened. */
export async function findBeginning(tx: Tx): Promise<Date | undefined> {
  const [first] = await tx.query<{ at: Date }>(firstSessionSql)
  return first && quarterFloor(first.at)
}

const firstSessionSql = `
  select s.created_at as at
  from tenants t cross join lateral (
    select created_at from sessions where tenant_id = t.id order by id limit 1
  ) s
  order by 1
  limit 1`

/** Where the written quarters of a range end, as bound values: from, that instant, and the ids of the facts after it. */
export function splitRange(rolledUntil: Date, { from, to }: { from: Date; to: Date }) {
  const split = new Date(Math.min(to.getTime(), Math.max(from.getTime(), rolledUntil.getTime())))
  return [
    from,
    split,
    idFloor('ses', split),
    idFloor('ses', to),
    idFloor('evt', split),
    idFloor('evt', to),
    idFloor('trf', split),
    idFloor('trf', to),
  ] as const
}

export interface Settled {
  usedMs: number
  gross: number
  fee: number
  /** Booked back, less what was booked back to the provider. */
  refunded: number
}

/**
 * What a provider's sessions were charged in a range, and what was booked back in it; test sessions left out: they cost nothing.
 *
 * @param range in quarters of an hour, on which the figures are written
 */
export async function sumSettled(
  tx: Tx,
  { providerId, ...range }: { providerId: string; from: Date; to: Date },
): Promise<Settled> {
  const values = [providerId, false, ...splitRange(await readRolledUntil(tx), range)]
  const [sums] = await tx.query<Settled>(sumSettledSql, values)
  return sums ?? { usedMs: 0, gross: 0, fee: 0, refunded: 0 }
}

const sumSettledSql = `
  select coalesce(sum(used_ms), 0) as "usedMs", coalesce(sum(gross), 0) as gross, coalesce(sum(fee), 0) as fee,
    coalesce(sum(refunded), 0) as refunded
  from (
    select used_ms, gross, fee, refunded from activity_quarters
    where provider_id = $1 and is_test = $2 and quarter >= $3 and quarter < $4
    union all
    select used_ms, gross, fee, refunded from (${factsSql('one', ['$5', '$6', '$7', '$8', '$9', '$10'])}) t where is_test = $2
  ) f`
