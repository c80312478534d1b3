import { Type } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import type { Deps } from '../deps.ts'
import { etagOf, isHeld, NotModified } from '../http/etag.ts'
import { problems, Shape } from '../http/schema.ts'
import type { App } from '../http/server.ts'

const PublicKey = Shape({
  kty: Type.String({ description: 'Key type.', examples: ['EC'] }),
  crv: Type.String({ description: 'Curve.', examples: ['P-256'] }),
  x: Type.String({
    description: 'Coordinate, base64url.',
    examples: ['f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU'],
  }),
  y: Type.String({
    description: 'Coordinate, base64url.',
    examples: ['x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0'],
  }),
  kid: Type.String({ description: 'Names the key in a JWT’s header.', examples: ['m2kL0c0rT0aYq1Zt'] }),
  use: Type.Literal('sig', { description: 'For signatures.', examples: ['sig'] }),
  alg: Type.Literal('ES256', { description: 'The only algorithm.', examples: ['ES256'] }),
})

/** Shorter than a new key's lead time, so that no cache meets a signature it cannot check. */
const CACHE_SECONDS = 300

export function registerKeyRoutes(app: App, { keys }: Deps): void {
  for (const url of ['/api/v1/keys/public', '/.well-known/jwks.json'] as const) {
    app.get(
      url,
      {
        config: { callers: ['open'] },
        schema: {
          operationId: url.startsWith('/api') ? 'listPublicKeys' : 'listPublicKeysWellKnown',
          tags: ['Keys'],
          summary: 'The keys that verify our JWTs',
          description: 'A JWK set (RFC 7517). Fetch it again when a JWT names a `kid` that is not in it.',
          response: {
            200: Shape({ keys: Type.Array(PublicKey, { description: 'Every key whose JWTs may be live.' }) }),
            304: NotModified,
            ...problems(),
          },
        },
      },
      async (request, reply) => {
        const body = { keys: keys.publicKeys() }
        const etag = etagOf(JSON.stringify(body))
        reply.header('cache-control', `public, max-age=${CACHE_SECONDS}`).header('etag', etag)
        return isHeld(request, etag) ? ((reply as FastifyReply).code(304).send() as never) : body
      },
    )
  }
}
