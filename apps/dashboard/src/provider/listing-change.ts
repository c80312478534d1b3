import type { OwnProvider } from '../api/wire.ts'
import { type Listing, originsOf, priceOf } from './listing-fields.tsx'

/** What a person may change about an app, as they type it. */
export interface ListingForm extends Listing {
  iconUrl: string
  place: 'query' | 'fragment'
}

export function listingOf(provider: OwnProvider): ListingForm {
  return {
    name: provider.name,
    description: provider.description,
    category: provider.category,
    tokensPerMinute: String(provider.tokensPerMinute),
    // As they were asked for last: saving again must not take that back.
    launchUrl: (provider.heldAddresses ?? provider).launchUrl,
    allowedOrigins: (provider.heldAddresses ?? provider).allowedOrigins.join('\n'),
    iconUrl: provider.iconUrl ?? '',
    place: provider.launchInFragment ? 'fragment' : 'query',
  }
}

/** What the API is told: what was changed here, and not what somebody else may have changed since. */
export function changeOf(before: ListingForm, after: ListingForm): Partial<OwnProvider> {
  const old = partsOf(before)
  const changed = partsOf(after).filter((part, nth) => JSON.stringify(part) !== JSON.stringify(old[nth]))
  return Object.assign({}, ...changed)
}

const partsOf = (form: ListingForm): Partial<OwnProvider>[] => [
  { name: form.name.trim() },
  { description: form.description.trim() },
  { category: form.category.trim() },
  { tokensPerMinute: priceOf(form) },
  // Looked at together, so they are told together.
  { launchUrl: form.launchUrl.trim(), allowedOrigins: originsOf(form) },
  { iconUrl: form.iconUrl.trim() || null },
  { launchInFragment: form.place === 'fragment' },
]
