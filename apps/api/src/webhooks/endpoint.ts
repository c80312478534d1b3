/**
 * A webhook endpoint: an address of a provider that is told what happens. Its shapes, limits and columns.
 *
 * @module
 */
import { type Static, Type } from '@fastify/type-provider-typebox'
import { Id, Instant, Nullable, Shape } from '../http/schema.ts'
import { URL_PATTERN } from '../providers/provider.ts'
import { seal, unseal } from '../seal.ts'
import { WEBHOOK_EVENTS } from './event.ts'

export const ENDPOINTS_PER_PROVIDER_MAX = 20
/** After a rotation the old secret signs, too, for this long, unless said otherwise. */
export const SECRET_OVERLAP_HOURS = 24
export const SECRET_OVERLAP_HOURS_MAX = 168

const url = Type.String({
  minLength: 1,
  maxLength: 2048,
  pattern: URL_PATTERN,
  description:
    'Where events are sent by POST. https (http, too, outside production), a public address, port 80 or 443, no credentials. Redirects are not followed.',
  examples: ['https://focus.example.com/webhooks'],
})
const events = Type.Array(
  Type.Enum(['*', ...WEBHOOK_EVENTS], {
    description: 'The name of an event, or `*` for all, also those to come.',
    examples: ['session.completed'],
  }),
  {
    minItems: 1,
    uniqueItems: true,
    description: 'What it is told.',
    examples: [['session.completed', 'earnings.posted']],
  },
)
const status = Type.Enum(['enabled', 'disabled'], {
  description:
    'A disabled one is sent nothing; what was under way to it waits. Disabled by us after 5 days without a success, or when it answers 410.',
  examples: ['enabled'],
})
const asymmetric = Type.Boolean({
  description:
    'Sign with ed25519 (`v1a`), too: whoever verifies with `publicKey` cannot forge. HMAC (`v1`) is always there.',
  examples: [false],
})

export const NewEndpoint = Shape({ url, events, asymmetric: Type.Optional(asymmetric) })
export type NewEndpoint = Static<typeof NewEndpoint>

export const EndpointChange = Type.Object(
  {
    url: Type.Optional(url),
    events: Type.Optional(events),
    status: Type.Optional(status),
    asymmetric: Type.Optional(asymmetric),
  },
  { additionalProperties: false, minProperties: 1 },
)
export type EndpointChange = Static<typeof EndpointChange>

const shown = {
  id: Id('whe'),
  url,
  events,
  status,
  disabledBecause: Nullable(
    Type.Enum(['owner', 'gone', 'failing'], {
      description: '`owner`: by PATCH; `gone`: it answered 410; `failing`: 5 days without a success.',
      examples: ['failing'],
    }),
  ),
  failingSince: Nullable(Instant('Since when every attempt failed; null after a success.')),
  publicKey: Nullable(
    Type.String({
      description: 'Verifies `v1a` signatures: `whpk_` and 32 bytes in base64. Null without ed25519.',
      examples: ['whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='],
    }),
  ),
  previousSecretExpiresAt: Nullable(Instant('Until when the secret before signs, too; null when none does.')),
  createdAt: Instant('When it was made.'),
  updatedAt: Instant('When it was last changed.'),
}
export const Endpoint = Shape(shown, { description: 'A webhook endpoint.' })
export type Endpoint = Static<typeof Endpoint>

export const IssuedEndpoint = Shape(
  {
    ...shown,
    secret: Type.String({
      description: 'Verifies `v1` signatures. Shown this once; stored sealed.',
      examples: ['whsec_MfKQ9r8GKYqrTwjU…'],
    }),
  },
  { description: 'A webhook endpoint with its secret.' },
)
export type IssuedEndpoint = Static<typeof IssuedEndpoint>

export interface EndpointRow {
  id: string
  url: string
  events: Endpoint['events']
  status: Endpoint['status']
  disabledBecause: Endpoint['disabledBecause']
  failingSince: Date | null
  publicKey: string | null
  previousSecretUntil: Date | null
  createdAt: Date
  updatedAt: Date
}

export const ENDPOINT_COLUMNS = `
  id, url, events, status, disabled_because as "disabledBecause", failing_since as "failingSince",
  public_key as "publicKey", previous_secret_until as "previousSecretUntil",
  created_at as "createdAt", updated_at as "updatedAt"`

export function presentEndpoint(row: EndpointRow, now: Date): Endpoint {
  const { failingSince, previousSecretUntil: until, createdAt, updatedAt, ...rest } = row
  return {
    ...rest,
    failingSince: failingSince?.toISOString() ?? null,
    previousSecretExpiresAt: until !== null && until > now ? until.toISOString() : null,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}

export const endpointPlace = (endpointId: string) => `webhook_endpoints/${endpointId}`

/** Bound to its endpoint: copied to another one's row, a sealed secret does not open. */
export const sealSecret = (key: Buffer, endpointId: string, secret: string) =>
  seal(key, secret, endpointPlace(endpointId))

export const unsealSecret = (keys: readonly Buffer[], endpointId: string, sealed: Buffer) =>
  unseal(keys, sealed, endpointPlace(endpointId))
