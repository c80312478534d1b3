/**
 * Webhooks by the Standard Webhooks specification.
 *
 * @module
 */
import { ServerError } from './server-error.ts'

const TOLERANCE_SECONDS = 300

export interface WebhookRequest {
  /** The body as it came, byte for byte. */
  body: string
  headers: Headers | Record<string, string | string[] | undefined>
  /** `whsec_…`; two while the secret is being replaced. Without one nothing is accepted. */
  secret: string | undefined | (string | undefined)[]
  now?: (() => number) | undefined
}

/**
 * Returns the event of a webhook that the marketplace signed within the last five minutes.
 *
 * Remember `webhook-id`: the same event may be delivered more than once.
 *
 * @throws {ServerError} `webhook_invalid`
 * @see https://www.standardwebhooks.com
 *
 * @example
 * const event = await verifyWebhook({ body: await request.text(), headers: request.headers, secret })
 */
export async function verifyWebhook<Event = unknown>(request: WebhookRequest): Promise<Event> {
  const { body, headers, secret, now = Date.now } = request
  const read = (name: string) => {
    const value = headers instanceof Headers ? headers.get(name) : headers[name]
    return Array.isArray(value) ? value[0] : value
  }
  const id = read('webhook-id')
  const timestamp = Number(read('webhook-timestamp'))
  const signatures = read('webhook-signature')?.split(' ') ?? []
  if (!id || !(Math.abs(now() / 1000 - timestamp) <= TOLERANCE_SECONDS))
    throw new ServerError('webhook_invalid', 'The webhook is too old, or has no id.')

  const signed = new TextEncoder().encode(`${id}.${read('webhook-timestamp')}.${body}`)
  // An empty key is one that anybody has.
  const keys = [secret]
    .flat()
    .map((each = '') => decode(each.replace(/^whsec_/, '')))
    .filter(({ length }) => length > 0)
  if (keys.length === 0)
    throw new ServerError('webhook_invalid', 'The secret is not set, or is not `whsec_` and base64.')
  for (const bytes of keys) {
    const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [
      'verify',
    ])
    for (const signature of signatures) {
      const [version, base64] = signature.split(',')
      if (version !== 'v1' || !base64) continue
      // WebCrypto compares in constant time.
      if (await crypto.subtle.verify('HMAC', key, decode(base64), signed)) return JSON.parse(body) as Event
    }
  }
  throw new ServerError('webhook_invalid', 'No signature fits the body and the secret.')
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
  } catch {
    return new Uint8Array()
  }
}
