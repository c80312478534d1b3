import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { createId } from '../id.ts'
import { announceProvider } from './announce-provider.ts'
import { type NewProvider, PROVIDER_COLUMNS, PROVIDERS_PER_OWNER_MAX, type ProviderRow } from './provider.ts'

/**
 * Registers a provider for its owner: a draft, or listed at once where nobody reviews.
 *
 * @throws {Problem} `unauthenticated` when the account behind a still valid access token is gone, `limit_reached`
 */
export async function createProvider(
  tx: Tx,
  input: { ownerId: string; provider: NewProvider; isReviewed: boolean; now: Date },
): Promise<ProviderRow> {
  const { ownerId, provider, isReviewed, now } = input
  const [owner] = await tx.query(keepOwnerSql, [ownerId])
  if (!owner) throw new Problem('unauthenticated', {}, 'the account is gone')
  const [created] = await tx.query<ProviderRow>(createProviderSql, [
    createId('prv', now),
    ownerId,
    provider.name,
    provider.description,
    provider.category,
    provider.iconUrl ?? null,
    provider.launchUrl,
    provider.launchInFragment ?? false,
    provider.allowedOrigins,
    provider.tokensPerMinute,
    isReviewed ? 'draft' : 'listed',
    now,
    PROVIDERS_PER_OWNER_MAX,
  ])
  if (!created)
    throw new Problem('limit_reached', {
      detail: `An account has ${PROVIDERS_PER_OWNER_MAX} providers at most.`,
    })
  return created.status === 'listed' ? announceProvider(tx, created, 'provider.approved', now) : created
}

// Waits for a deletion of the account and holds it up: a provider is never nobody's.
const keepOwnerSql = 'select from users where id = $1 and deleted_at is null for key share'

// Two racing registrations may both see the last free place: the limit bounds, it does not count money.
const createProviderSql = `
  insert into providers (
    id, owner_id, name, description, category, icon_url, launch_url, launch_in_fragment, allowed_origins,
    tokens_per_minute, status, created_at, updated_at
  )
  select $1, $2, $3, $4, $5, $6, $7, $8, $9::text[], $10, $11, $12::timestamptz, $12::timestamptz
  where (select count(*) from providers where owner_id = $2) < $13
  returning ${PROVIDER_COLUMNS}`
