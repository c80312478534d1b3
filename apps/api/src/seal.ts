/**
 * What is stored encrypted: AES-256-GCM with a fresh nonce, bound to the place it is stored in, so that a
 * ciphertext copied elsewhere does not open.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** @example seal(config.keyEncryptionKey, 'secret text', 'signing_keys/k1') */
export function seal(key: Buffer, text: string, place: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(place))
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), body])
}

/**
 * Opens with whichever key fits: while `KEY_ENCRYPTION_KEY` changes there are two.
 *
 * @throws when none of the keys, the place or a byte is the one it was sealed with.
 */
export function unseal(keys: Buffer | readonly Buffer[], sealed: Buffer, place: string): string {
  const all = Array.isArray(keys) ? keys : [keys]
  for (const key of all) {
    const text = tryToOpen(key, sealed, place)
    if (text !== undefined) return text
  }
  throw new Error(`${place} does not open with KEY_ENCRYPTION_KEY`)
}

/** Undefined when the key, the place or a byte is not the one it was sealed with. */
export function tryToOpen(key: Buffer, sealed: Buffer, place: string): string | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES))
    decipher.setAAD(Buffer.from(place))
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
    const body = decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES))
    return Buffer.concat([body, decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}
