import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import type { Actor } from '../http/authenticate.ts'
import { getProviderToChange } from './get-provider.ts'
import { RETIRING_HOURS } from './listing-change.ts'
import { PROVIDER_COLUMNS, type ProviderRow, shownOrigins } from './provider.ts'
import { enqueueProviderMail } from './provider-mail.ts'

interface Decision {
  id: string
  actor: Actor
  /** What the operator saw: a change that came later is not decided by it. */
  updatedAt: Date
  now: Date
}

/** Listed providers that were changed since an operator looked, the longest waiting first. */
export function listListingChanges(
  tx: Tx,
  input: { after: string | undefined; limit: number },
): Promise<ProviderRow[]> {
  const [since, id] = input.after?.split('/') ?? []
  return tx.query(listSql, [since ?? null, id ?? null, input.limit])
}

/**
 * Lets a change stand. Held addresses go live; origins that they leave out work on for a day, so that no session that
 * runs there is cut off. Its owners and developers are told by mail.
 *
 * @throws {Problem} `provider_not_found`, `listing_change_gone`
 */
export async function approveListingChange(tx: Tx, decision: Decision): Promise<ProviderRow> {
  const { id, now } = decision
  const before = await getDecided(tx, decision)
  const live = before.heldAddresses ?? {
    launchUrl: before.launchUrl,
    allowedOrigins: shownOrigins(before),
  }
  const retiring = before.allowedOrigins.filter((origin) => !live.allowedOrigins.includes(origin))
  const [row] = await tx.query<ProviderRow>(approveSql, [
    id,
    live.launchUrl,
    [...live.allowedOrigins, ...retiring],
    retiring,
    retiring.length > 0 ? new Date(now.getTime() + RETIRING_HOURS * 3_600_000) : null,
    now,
  ])
  assert(row, 'a locked provider is still there')
  await enqueueProviderMail(tx, {
    kind: before.heldAddresses ? 'addresses_approved' : 'change_approved',
    tenantId: decision.actor.tenantId,
    providerId: id,
  })
  return row
}

/**
 * Takes a change back: the texts are as they were approved, held addresses are dropped. Its owners and developers are
 * told by mail, and why.
 *
 * @throws {Problem} `provider_not_found`, `listing_change_gone`
 */
export async function rejectListingChange(
  tx: Tx,
  decision: Decision & { reason: string },
): Promise<ProviderRow> {
  const { listingBefore } = await getDecided(tx, decision)
  assert(listingBefore, 'what waits has something to go back to')
  const { name, description, category, iconUrl } = listingBefore
  const values = [decision.id, name, description, category, iconUrl, decision.reason, decision.now]
  const [row] = await tx.query<ProviderRow>(rejectSql, values)
  assert(row, 'a locked provider is still there')
  const { tenantId } = decision.actor
  await enqueueProviderMail(tx, { kind: 'change_rejected', tenantId, providerId: decision.id })
  return row
}

/** Ends what {@link approveListingChange} kept for the sessions of that day. @returns how many providers. */
export async function retireOrigins(tx: Tx, now: Date): Promise<number> {
  return (await tx.query(retireSql, [now])).length
}

async function getDecided(tx: Tx, { id, actor, updatedAt }: Decision): Promise<ProviderRow> {
  const row = await getProviderToChange(tx, id, actor)
  const isAsSeen = row.changedSince !== null && row.updatedAt.getTime() === updatedAt.getTime()
  if (!isAsSeen) throw new Problem('listing_change_gone')
  return row
}

const listSql = `
  select ${PROVIDER_COLUMNS} from providers
  where changed_since is not null and status = 'listed'
    and ($1::timestamptz is null or (changed_since, id) > ($1, $2))
  order by changed_since, id
  limit $3`

const approveSql = `
  update providers set
    launch_url = $2, allowed_origins = $3::text[], retiring_origins = $4::text[], retiring_until = $5,
    changed_since = null, listing_before = null, held_addresses = null, review_note = null, updated_at = $6
  where id = $1
  returning ${PROVIDER_COLUMNS}`

const rejectSql = `
  update providers set
    name = $2, description = $3, category = $4, icon_url = $5, review_note = $6,
    changed_since = null, listing_before = null, held_addresses = null, updated_at = $7
  where id = $1
  returning ${PROVIDER_COLUMNS}`

const retireSql = `
  update providers set
    allowed_origins = array(
      select origin from unnest(allowed_origins) with ordinality as o (origin, place)
      where origin <> all (retiring_origins) order by place
    ),
    retiring_origins = '{}', retiring_until = null
  where retiring_until <= $1
  returning id`
