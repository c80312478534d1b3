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
  { headers }: Pick<FastifyRequest, 'headers'>,
  reply: FastifyReply,
  body: Body,
): Body {
  const hash = createHash('sha256').update(JSON.stringify(body)).digest('base64url').slice(0, 22)
  // Weak: a proxy that compresses sends other bytes of the same meaning.
  const etag = `W/"${hash}"`
  reply.header('etag', etag).header('cache-control', 'public, no-cache')
  const known = headers['if-none-match']?.split(',').map((one) => one.trim().replace(/^(?!W\/)/, 'W/')) ?? []
  if (!known.includes(etag) && !known.includes('W/*')) return body
  return reply.code(304).send() as never
}
