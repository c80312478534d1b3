/**
 * A person with an account.
 *
 * @module
 */
import { type Static, Type } from '@fastify/type-provider-typebox'
import { EMAIL_CHARACTERS_MAX } from '../email.ts'
import { inWords } from '../http/pattern.ts'
import { Id, Instant, Nullable, Shape } from '../http/schema.ts'
import { PASSWORD_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN } from './password.ts'

export const DISPLAY_NAME_CHARACTERS_MAX = 80
/** Something to see, and nothing that controls a terminal, breaks a line or turns the direction of what follows. */
const DISPLAY_NAME = inWords(
  '^(?=.*[^\\s\\p{DI}])[^\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}\\u202a-\\u202e\\u2066-\\u2069]+$',
  'must be one line with something to see in it',
)

export interface UserRow {
  id: string
  email: string
  displayName: string | null
  createdAt: Date
}

export const EmailField = Type.String({
  minLength: 3,
  maxLength: EMAIL_CHARACTERS_MAX,
  description:
    'Kept as typed, compared without regard to case, width or composition; international addresses are welcome.',
  examples: ['ada@example.com'],
})

export const PasswordField = Type.String({
  minLength: PASSWORD_CHARACTERS_MIN,
  maxLength: PASSWORD_CHARACTERS_MAX,
  description: 'Any characters of any script, counted as characters; no rule of composition.',
  examples: ['correct horse battery staple'],
})

/** The account's password where it is asked for again. */
export const CurrentPasswordField = Type.String({
  minLength: 1,
  maxLength: PASSWORD_CHARACTERS_MAX,
  description: 'The account’s password, so that a stolen access token alone cannot do this.',
  examples: ['correct horse battery staple'],
})

export const DisplayNameField = Type.String({
  minLength: 1,
  maxLength: DISPLAY_NAME_CHARACTERS_MAX,
  pattern: DISPLAY_NAME,
  description: 'What others see, without control characters.',
  examples: ['Ada Lovelace'],
})

const userProperties = {
  id: Id('usr'),
  email: Type.String({ description: 'As it was typed at registration.', examples: ['ada@example.com'] }),
  displayName: Nullable(
    Type.String({ description: 'What others see; null when none was given.', examples: ['Ada Lovelace'] }),
  ),
  createdAt: Instant('When the account was made.'),
}

export const User = Shape(userProperties, { description: 'A person with an account.' })

export const Role = Type.Union([Type.Literal('user'), Type.Literal('provider'), Type.Literal('operator')], {
  description: '`user`: everybody; `provider`: is on a provider’s team; `operator`: runs this marketplace.',
  examples: ['user'],
})

export const Profile = Shape(
  { ...userProperties, roles: Type.Array(Role, { description: 'What the account may do.' }) },
  { description: 'The caller’s own account.' },
)

export function presentUser({ id, email, displayName, createdAt }: UserRow): Static<typeof User> {
  return { id, email, displayName, createdAt: createdAt.toISOString() }
}

/** As it is stored: composed, without surrounding space. */
export function tidyDisplayName(typed: string): string {
  return typed.normalize('NFC').trim()
}
