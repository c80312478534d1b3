/**
 * Signatures as Standard Webhooks has them: HMAC-SHA256 (`v1`) with a secret both sides know, ed25519 (`v1a`) with a
 * key that only we have.
 *
 * @module
 */
import { createHmac, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { assert } from '../assert.ts'

const SECRET_BYTES = 32

/** @example createSecret() // 'whsec_MfKQ9r8GKYqrTwjU…' */
export const createSecret = () => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`

export interface SigningKey {
  /** PKCS #8 in base64. */
  privateKey: string
  /** `whpk_` and the 32 bytes of the public key in base64. */
  publicKey: string
}

export function createSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const { x } = publicKey.export({ format: 'jwk' })
  assert(x !== undefined, 'an ed25519 key has an x')
  return {
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
    publicKey: `whpk_${Buffer.from(x, 'base64url').toString('base64')}`,
  }
}

/**
 * The three headers that make a request a Standard Webhook.
 *
 * @param input `at` is the instant of this attempt, so that a receiver can refuse old ones
 */
export function signWebhook(input: {
  id: string
  at: Date
  body: string
  secrets: readonly string[]
  signingKeys: readonly string[]
}): Record<string, string> {
  const { id, at, body, secrets, signingKeys } = input
  const timestamp = String(Math.floor(at.getTime() / 1000))
  const signed = Buffer.from(`${id}.${timestamp}.${body}`)
  const signatures = [
    ...secrets.map((secret) => {
      const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
      return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`
    }),
    ...signingKeys.map((text) => {
      const key = createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' })
      return `v1a,${sign(null, signed, key).toString('base64')}`
    }),
  ]
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
