import { assert } from '../assert.ts'
import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import type { Actor } from '../http/authenticate.ts'
import { announceProvider } from './announce-provider.ts'
import { getProviderToChange } from './get-provider.ts'
import { splitChange } from './listing-change.ts'
import { PROVIDER_COLUMNS, type ProviderChange, type ProviderRow, type ProviderStatus } from './provider.ts'

/**
 * Changes what its owner may change. Running sessions keep the price they were opened at: it was copied into them. Of
 * what is listed and reviewed, new addresses wait for an operator.
 *
 * @throws {Problem} `provider_not_found`, `provider_status_invalid`
 */
export async function changeProvider(
  tx: Tx,
  input: { id: string; actor: Actor; change: ProviderChange; isReviewed: boolean; now: Date },
): Promise<ProviderRow> {
  const { id, actor, change, isReviewed, now } = input
  const before = await getProviderToChange(tx, id, actor)
  const status = nextStatus(before.status, change.status, isReviewed)
  const after = { ...before, ...change, status }
  const { live, held, listingBefore } =
    isReviewed && before.status === 'listed'
      ? splitChange(before, after, change)
      : { live: after, held: null, listingBefore: null }
  // Whoever names origins names all of them: none lives on.
  const isOriginsKept = change.allowedOrigins === undefined || held !== null
  const [changed] = await tx.query<ProviderRow>(changeProviderSql, [
    id,
    after.name,
    after.description,
    after.category,
    after.iconUrl,
    live.launchUrl,
    after.launchInFragment,
    isOriginsKept ? before.allowedOrigins : live.allowedOrigins,
    after.tokensPerMinute,
    after.status,
    now,
    listingBefore && (before.changedSince ?? now),
    listingBefore && JSON.stringify(listingBefore),
    held && JSON.stringify(held),
    isOriginsKept ? before.retiringOrigins : [],
  ])
  assert(changed, 'a locked provider is still there')
  let announced = changed
  if (before.status !== 'listed' && status === 'listed') {
    announced = await announceProvider(tx, announced, 'provider.approved', now)
  }
  if (before.tokensPerMinute !== changed.tokensPerMinute) {
    announced = await announceProvider(tx, announced, 'provider.price_changed', now)
  }
  return announced
}

/** Owners move between draft and review; everything else is an operator's. */
function nextStatus(
  from: ProviderStatus,
  wanted: ProviderChange['status'],
  isReviewed: boolean,
): ProviderStatus {
  if (wanted === undefined || wanted === from) return from
  // Where nobody reviews, asking is being listed; asking again changes nothing.
  if (wanted === 'in_review' && !isReviewed && from !== 'suspended') return 'listed'
  if (from === 'draft' || from === 'in_review') return wanted
  throw new Problem('provider_status_invalid')
}

const changeProviderSql = `
  update providers set
    name = $2, description = $3, category = $4, icon_url = $5, launch_url = $6, launch_in_fragment = $7,
    allowed_origins = $8::text[], tokens_per_minute = $9, status = $10, updated_at = $11,
    changed_since = $12, listing_before = $13::jsonb, held_addresses = $14::jsonb, retiring_origins = $15::text[]
  where id = $1
  returning ${PROVIDER_COLUMNS}`
