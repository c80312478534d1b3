/**
 * What the owners of a listed provider change where operators review: texts are live at once and looked at afterwards,
 * addresses of hosts that nobody has seen wait until they were.
 *
 * @module
 */
import type { Static } from '@fastify/type-provider-typebox'
import { Instant, Shape } from '../http/schema.ts'
import { ListingTexts, OwnProvider, type ProviderRow, presentOwnProvider, shownOrigins } from './provider.ts'

/** As long as a session lives at most: whoever is in one finishes it where it was opened. */
export const RETIRING_HOURS = 24

export const ListingChange = Shape(
  {
    provider: Shape(OwnProvider.properties, { description: 'As it is, with the addresses that wait.' }),
    textsBefore: Shape(ListingTexts.properties, { description: 'Its texts as they were approved.' }),
    changedSince: Instant('Since when it waits.'),
  },
  { description: 'A listed provider that was changed since an operator last looked.' },
)

export type ListingChange = Static<typeof ListingChange>

export function presentListingChange(
  row: ProviderRow & { changedSince: Date; listingBefore: ListingTexts },
): ListingChange {
  return {
    provider: presentOwnProvider(row),
    textsBefore: row.listingBefore,
    changedSince: row.changedSince.toISOString(),
  }
}

type Addresses = Pick<ProviderRow, 'launchUrl' | 'allowedOrigins'>

/** What a change asks of a provider, and what of it is live at once. */
interface Outcome {
  live: Addresses
  held: Addresses | null
  listingBefore: ListingTexts | null
}

/**
 * Decides what of a change to a listed provider is live at once. What is not sent stays as it was asked for last.
 *
 * @param after with the texts that are wanted
 */
export function splitChange(before: ProviderRow, after: ListingTexts, wanted: Partial<Addresses>): Outcome {
  const live = { launchUrl: before.launchUrl, allowedOrigins: shownOrigins(before) }
  const asked = { ...live, ...before.heldAddresses, ...dropUndefined(wanted) }
  const isNew = namesNewOrigin(live, asked)
  const approved = before.listingBefore ?? textsOf(before)
  // Both in one order of keys: jsonb keeps none.
  const isSame = JSON.stringify(textsOf(approved)) === JSON.stringify(textsOf(after))
  return {
    live: isNew ? live : asked,
    held: isNew ? asked : null,
    listingBefore: isNew || !isSame ? approved : null,
  }
}

/** A page is where the danger is: another path of an origin that was looked at is its owner's business. */
function namesNewOrigin(live: Addresses, asked: Addresses): boolean {
  const seen = new Set([new URL(live.launchUrl).origin, ...live.allowedOrigins])
  return [new URL(asked.launchUrl).origin, ...asked.allowedOrigins].some((origin) => !seen.has(origin))
}

function dropUndefined({ launchUrl, allowedOrigins }: Partial<Addresses>): Partial<Addresses> {
  return { ...(launchUrl !== undefined && { launchUrl }), ...(allowedOrigins && { allowedOrigins }) }
}

export const textsOf = ({ name, description, category, iconUrl }: ListingTexts): ListingTexts => ({
  name,
  description,
  category,
  iconUrl,
})
