/**
 * API keys: what a provider's server calls us with. Its shapes, its scopes, and how a secret is made and checked.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { type Static, Type } from '@fastify/type-provider-typebox'
import { type Actor, API_KEY_PREFIX } from '../http/authenticate.ts'
import { Id, Instant, Nullable, Shape } from '../http/schema.ts'
import { LINE_PATTERN } from './provider.ts'

export const API_KEYS_PER_PROVIDER_MAX = 50
/** After a rotation the old secret works this long, unless said otherwise. */
export const ROTATION_OVERLAP_HOURS = 24
export const ROTATION_OVERLAP_HOURS_MAX = 168

/** What a key may be allowed; a closed set, so that a typing error is refused and not ignored. */
export const SCOPES = {
  'sessions:read': 'read the provider’s sessions',
  'sessions:write': 'open test sessions',
  'providers:write': 'read and change the provider: texts, addresses, price, asking for review',
  'analytics:read': 'read figures and earnings',
  'webhooks:write': 'manage webhook endpoints and replay deliveries',
  'keys:write':
    'list keys, and make, replace and revoke those of its own mode that may do no more than it may',
} as const
export type Scope = keyof typeof SCOPES
const scopeNames = Object.keys(SCOPES) as Scope[]

const name = Type.String({
  minLength: 1,
  maxLength: 80,
  pattern: LINE_PATTERN,
  description: 'For its owner to tell keys apart.',
  examples: ['Production server'],
})
const scopes = Type.Array(
  Type.Enum(scopeNames, {
    // Named, so that uniqueness is checked in linear time.
    type: 'string',
    description: scopeNames.map((scope) => `\`${scope}\`: ${SCOPES[scope]}`).join('; '),
    examples: ['sessions:read'],
  }),
  {
    minItems: 1,
    uniqueItems: true,
    description: 'What the key may do, and nothing else.',
    examples: [['sessions:read']],
  },
)
const mode = Type.Enum(['live', 'test'], {
  type: 'string',
  description: '`test` keys know test sessions only, which cost nothing; `live` keys know only the others.',
  examples: ['live'],
})

export const NewApiKey = Shape({ name, scopes, mode })
export type NewApiKey = Static<typeof NewApiKey>

export const IssuedApiKey = Shape({
  id: Id('key'),
  name,
  scopes,
  mode,
  secret: Type.String({
    description: 'Shown this once; only its hash is stored.',
    examples: ['tmk_live_…'],
  }),
})
export type IssuedApiKey = Static<typeof IssuedApiKey>

export const ApiKey = Shape({
  id: Id('key'),
  name,
  scopes,
  mode,
  secretEnding: Type.String({ description: 'The last four characters of the secret.', examples: ['9c1f'] }),
  createdAt: Instant('When it was made.'),
  lastUsedAt: Nullable(Instant('When it was last used, to the minute; null for never.')),
  expiresAt: Nullable(Instant('When its overlap after a rotation ends; null for never.')),
  revokedAt: Nullable(Instant('When it was revoked; null while it is not.')),
})
export type ApiKey = Static<typeof ApiKey>

export interface ApiKeyRow {
  id: string
  name: string
  scopes: Scope[]
  mode: 'live' | 'test'
  secretEnding: string
  createdAt: Date
  lastUsedAt: Date | null
  expiresAt: Date | null
  revokedAt: Date | null
}

export const API_KEY_COLUMNS = `
  id, name, scopes, mode, secret_ending as "secretEnding", created_at as "createdAt",
  last_used_at as "lastUsedAt", expires_at as "expiresAt", revoked_at as "revokedAt"`

export function presentApiKey({ createdAt, lastUsedAt, expiresAt, revokedAt, ...rest }: ApiKeyRow): ApiKey {
  return {
    ...rest,
    createdAt: createdAt.toISOString(),
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
    expiresAt: expiresAt?.toISOString() ?? null,
    revokedAt: revokedAt?.toISOString() ?? null,
  }
}

/**
 * Whether a caller may make, replace and end such a key: one key never gives another more than it has.
 *
 * @example mayManageKey(actor, { scopes: ['sessions:read'], mode: 'live' })
 */
export function mayManageKey(actor: Actor, key: Pick<NewApiKey, 'scopes' | 'mode'>): boolean {
  if (actor.kind !== 'key') return true
  return key.mode === actor.mode && key.scopes.every((scope) => actor.scopes.includes(scope))
}

const SECRET_BYTES = 32
const SECRET = /^tmk_(?:live|test)_([0-9a-f]{64})([0-9a-f]{8})$/

/**
 * 256 random bits and a checksum: what was cut off or mistyped is told from a key without asking the database, and
 * scanners for leaked secrets have no false finds.
 */
export function createApiKeySecret(mode: 'live' | 'test'): string {
  const random = randomBytes(SECRET_BYTES).toString('hex')
  return `${API_KEY_PREFIX}${mode}_${random}${checksum(random)}`
}

/** The hash a secret is found by; undefined for what cannot be one of ours. */
export function hashOfSecret(secret: string): Buffer | undefined {
  const [, random, sum] = SECRET.exec(secret) ?? []
  if (random === undefined || sum !== checksum(random)) return undefined
  return createHash('sha256').update(secret).digest()
}

function checksum(random: string): string {
  return crc32(random).toString(16).padStart(8, '0')
}
