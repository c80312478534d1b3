import { createHash } from 'node:crypto'
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'

export const NotModified = Type.Null({ description: 'Unchanged since the `ETag` sent in `If-None-Match`.' })

/**
 * Answers with a body, or with 304 to whoever has it already.
 *
 * `no-cache` lets everybody keep the answer and makes them ask each time, so a changed price shows at once.
 *
 * @example return sendWithEtag(request, reply, page)
 */
export function sendWithEtag<Body extends object>(
  request: Pick<FastifyRequest, 'headers'>,
  reply: FastifyReply,
  body: Body,
): Body {
  const etag = etagOf(JSON.stringify(body))
  reply.header('etag', etag).header('cache-control', 'public, no-cache')
  return isHeld(request, etag) ? (reply.code(304).send() as never) : body
}

/** Weak: what is compressed, here or by a proxy, has other bytes of the same meaning. */
export function etagOf(body: string | Buffer): string {
  return `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
}

/** Whether `If-None-Match` names it, weakly compared (RFC 9110, 13.1.2). */
export function isHeld({ headers }: Pick<FastifyRequest, 'headers'>, etag: string): boolean {
  const known = headers['if-none-match']?.split(',').map((one) => one.trim().replace(/^(?!W\/)/, 'W/')) ?? []
  return known.includes(etag) || known.includes('W/*')
}
