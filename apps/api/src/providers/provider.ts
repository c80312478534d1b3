/**
 * A provider: one app, with its launch address, price and owner. Its shapes, limits and columns.
 *
 * @module
 */
import { type Static, Type } from '@fastify/type-provider-typebox'
import { assert } from '../assert.ts'
import { ORIGIN_CHARACTERS_MAX } from '../http/origins.ts'
import { inWords } from '../http/pattern.ts'
import { Id, Instant, Nullable, Shape } from '../http/schema.ts'
import { type MemberRole, MemberRoleField } from './member-role.ts'

export const PROVIDERS_PER_OWNER_MAX = 100
export const ORIGINS_PER_PROVIDER_MAX = 20
export const TOKENS_PER_MINUTE_MAX = 10_000
const URL_CHARACTERS_MAX = 2048

/**
 * No control characters, none that turn the text around them (bidi overrides), and none that nobody sees: zero-width spaces,
 * fillers. Names stand in lists of others'.
 */
const HOSTILE =
  '\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f\\u115f\\u1160\\u180e\\u200b\\u2028-\\u202e\\u2060-\\u2064\\u2066-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb'
/** Invisible, too, but words of some scripts and emoji need them between their letters. */
const JOINING = '\\u00ad\\u061c\\u200c-\\u200f\\ufe00-\\ufe0f'
const CLEAN = `${HOSTILE}\\n`
export const LINE_PATTERN = inWords(`^[^${CLEAN}]*$`, 'must be one line, without what nobody can see')
/** Begins with a letter or sign that is seen; may end with what chooses how an emoji looks. */
const NAME_PATTERN = inWords(
  `^[^\\s${CLEAN}${JOINING}]([^${CLEAN}]*[^\\s${CLEAN}\\u00ad\\u061c\\u200c-\\u200f])?$`,
  'must be one line of what can be seen, without spaces at its ends',
)
/** Line breaks are welcome in a description. */
const TEXT_PATTERN = inWords(`^[^${HOSTILE}]*$`, 'must not contain what nobody can see')
/**
 * Addresses are ASCII on the wire: punycode in the host, percent-encoding elsewhere. Quotes, backticks, angle brackets and
 * backslashes are no part of one (RFC 3986), and would end an attribute on a page that forgot to escape it.
 */
export const URL_PATTERN = inWords(
  '^[\\x21\\x23-\\x3b\\x3d\\x3f-\\x5b\\x5d-\\x5f\\x61-\\x7e]+$',
  'must be an address of ASCII characters, without spaces and quotes',
)

const STATUSES = ['draft', 'in_review', 'listed', 'suspended'] as const
export type ProviderStatus = (typeof STATUSES)[number]

export const ProviderStatusSchema = Type.Enum([...STATUSES], {
  type: 'string',
  description: 'Only `listed` ones are seen and can be opened.',
  examples: ['listed'],
})

const name = Type.String({
  minLength: 1,
  maxLength: 80,
  pattern: NAME_PATTERN,
  description: 'Shown in the catalogue; one line, no space at its ends.',
  examples: ['Focus timer'],
})
const description = Type.String({
  maxLength: 2000,
  pattern: TEXT_PATTERN,
  description: 'Plain text; line breaks are kept.',
  examples: ['Work in stretches of 25 minutes.'],
})
const SLUG = '[a-z0-9]+(-[a-z0-9]+)*'
const SLUG_IN_WORDS = 'must be small letters and digits, with single hyphens between them'
const category = Type.String({
  maxLength: 40,
  pattern: inWords(`^${SLUG}$`, SLUG_IN_WORDS),
  description: 'A free slug.',
  examples: ['productivity'],
})
export const categoryFilter = Type.String({
  maxLength: 40,
  pattern: inWords(`^(${SLUG})?$`, SLUG_IN_WORDS),
  description: 'This one alone; every one where it is empty, as a form sends it.',
  examples: ['productivity'],
})
const launchUrl = Type.String({
  maxLength: URL_CHARACTERS_MAX,
  pattern: URL_PATTERN,
  description: 'Where a session opens. https; http only for localhost and outside production.',
  examples: ['https://focus.example.com/app'],
})
const allowedOrigins = Type.Array(
  Type.String({
    maxLength: ORIGIN_CHARACTERS_MAX,
    pattern: URL_PATTERN,
    description: 'scheme://host[:port], or `null`.',
    examples: ['https://focus.example.com'],
  }),
  {
    minItems: 1,
    maxItems: ORIGINS_PER_PROVIDER_MAX,
    uniqueItems: true,
    description:
      'Exact origins whose pages may use the sessions. `null` (sandboxed frames, local files) only where listed here.',
    examples: [['https://focus.example.com']],
  },
)
const tokensPerMinute = Type.Integer({
  minimum: 0,
  maximum: TOKENS_PER_MINUTE_MAX,
  description: 'The price. A change applies to new sessions only.',
  examples: [4],
})
const iconUrl = Nullable(
  Type.String({
    maxLength: URL_CHARACTERS_MAX,
    pattern: URL_PATTERN,
    description: 'An image, https only; null for none.',
    examples: ['https://focus.example.com/icon.svg'],
  }),
)
const launchInFragment = Type.Boolean({
  description: 'Hand the launch JWT over in the fragment, which no server logs, instead of the query.',
  examples: [false],
})

export const NewProvider = Shape({
  name,
  description,
  category,
  launchUrl,
  allowedOrigins,
  tokensPerMinute,
  iconUrl: Type.Optional(iconUrl),
  launchInFragment: Type.Optional(launchInFragment),
})
export type NewProvider = Static<typeof NewProvider>

export const ProviderChange = Type.Partial(
  Shape({
    name,
    description,
    category,
    launchUrl,
    allowedOrigins,
    tokensPerMinute,
    iconUrl,
    launchInFragment,
    status: Type.Enum(['in_review', 'draft'], {
      type: 'string',
      description: '`in_review` asks for listing, `draft` takes that back.',
      examples: ['in_review'],
    }),
  }),
  { additionalProperties: false, minProperties: 1 },
)
export type ProviderChange = Static<typeof ProviderChange>

/** What everybody sees. */
export const ListedProvider = Shape({
  id: Id('prv'),
  name,
  description,
  category,
  iconUrl,
  launchUrl,
  tokensPerMinute,
  status: ProviderStatusSchema,
})

/** What a catalogue shows of it, besides the price. */
export const ListingTexts = Shape({ name, description, category, iconUrl })
export type ListingTexts = Static<typeof ListingTexts>

/** What its owner and operators see. */
export const OwnProvider = Shape({
  ...ListedProvider.properties,
  allowedOrigins,
  launchInFragment,
  reviewNote: Nullable(
    Type.String({
      description: 'What the operator wrote when sending it back or suspending it.',
      examples: ['The launch page answers 404.'],
    }),
  ),
  heldAddresses: Nullable(
    Shape(
      { launchUrl, allowedOrigins },
      {
        description:
          'Addresses that were asked for and wait for an operator; until then the ones above count. Null where none wait.',
      },
    ),
  ),
  createdAt: Instant('When it was registered.'),
  updatedAt: Instant('When it was last changed.'),
})

/** The same in the list of those one is on the team of. */
export const TeamProvider = Shape({ ...OwnProvider.properties, role: MemberRoleField })
export type OwnProvider = Static<typeof OwnProvider>
export type ListedProvider = Static<typeof ListedProvider>

export interface ProviderRow {
  id: string
  ownerId: string
  name: string
  description: string
  category: string
  iconUrl: string | null
  launchUrl: string
  launchInFragment: boolean
  /** Those that are retiring included. */
  allowedOrigins: string[]
  retiringOrigins: string[]
  tokensPerMinute: number
  status: ProviderStatus
  /** Since when it waits for an operator to look; null where nothing does. */
  changedSince: Date | null
  /** The texts as they were approved; null where nothing waits. */
  listingBefore: ListingTexts | null
  heldAddresses: { launchUrl: string; allowedOrigins: string[] } | null
  reviewNote: string | null
  eventSequence: number
  createdAt: Date
  updatedAt: Date
}

export const PROVIDER_COLUMNS = `
  id, owner_id as "ownerId", name, description, category, icon_url as "iconUrl", launch_url as "launchUrl",
  launch_in_fragment as "launchInFragment", allowed_origins as "allowedOrigins",
  retiring_origins as "retiringOrigins", changed_since as "changedSince", listing_before as "listingBefore",
  held_addresses as "heldAddresses", tokens_per_minute as "tokensPerMinute", status, review_note as "reviewNote", event_sequence as "eventSequence",
  created_at as "createdAt", updated_at as "updatedAt"`

export function presentListedProvider(row: ProviderRow): ListedProvider {
  assert(row.status === 'listed', 'only listed providers are shown to everybody')
  const { id, name, description, category, iconUrl, launchUrl, tokensPerMinute, status } = row
  return { id, name, description, category, iconUrl, launchUrl, tokensPerMinute, status }
}

export function presentTeamProvider({ role, ...row }: ProviderRow & { role: MemberRole }) {
  return { ...presentOwnProvider(row), role }
}

export function presentOwnProvider(row: ProviderRow): OwnProvider {
  const {
    ownerId: _owner,
    eventSequence: _sequence,
    retiringOrigins: _retiring,
    changedSince: _since,
    listingBefore: _before,
    createdAt,
    updatedAt,
    ...rest
  } = row
  return {
    ...rest,
    allowedOrigins: shownOrigins(row),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}

/** Those its owners asked for: what only lives on for a day is not among them. */
export const shownOrigins = ({ allowedOrigins, retiringOrigins }: ProviderRow) =>
  allowedOrigins.filter((origin) => !retiringOrigins.includes(origin))
