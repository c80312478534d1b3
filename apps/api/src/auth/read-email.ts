import { type Email, normalizeEmail } from '../email.ts'
import { Problem } from '../errors.ts'

/** An address out of a body. @throws {Problem} `validation_failed` at that path. */
export function readEmail(typed: string, path: string): Email {
  const email = normalizeEmail(typed)
  if (!email)
    throw new Problem('validation_failed', { errors: [{ path, message: 'must be an e-mail address' }] })
  return email
}
