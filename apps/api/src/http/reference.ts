/**
 * `/docs`: the API reference to browse, from our own files under a policy that lets nothing else in.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import scalar from '@scalar/fastify-api-reference'
import type { FastifyInstance } from 'fastify'
import { type BuiltFile, prepareBuiltFile, toBuiltFile } from './built-files.ts'

/** The page needs one inline script of its own; styles are made at run time by its program. */
const policyOf = (nonce: string) =>
  [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

/** Stands in the page until an answer puts a fresh nonce in its place. */
const NONCE_MARK = 'nonce-of-this-answer'

export async function registerReference(app: FastifyInstance): Promise<void> {
  await app.register(async (docs) => {
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, callers: ['open'], limit: 'none' }
    })
    let program: Promise<BuiltFile> | undefined
    docs.addHook('onSend', async (request, reply, payload) => {
      const type = String(reply.getHeader('content-type'))
      if (!type.startsWith('text/html')) {
        reply.header('cache-control', 'public, max-age=3600')
        if (reply.statusCode !== 200 || typeof payload !== 'string') return payload
        // Five megabytes of text: each answer took 30 ms of the process to write, and held them for as long as nobody read.
        program ??= toBuiltFile(type, Buffer.from(payload))
        return prepareBuiltFile(request, reply, await program)
      }
      const nonce = randomBytes(16).toString('base64')
      reply.header('content-security-policy', policyOf(nonce))
      // The plugin's page does not say its language, and screen readers would guess.
      return String(payload).replace('<html>', '<html lang="en">').replaceAll(NONCE_MARK, nonce)
    })
    await docs.register(scalar, {
      routePrefix: '/docs',
      configuration: {
        url: '/openapi.json',
        pageTitle: 'Token Marketplace Platform – API reference',
        nonce: NONCE_MARK,
        // Nothing is fetched from or sent to anybody else.
        withDefaultFonts: false,
        telemetry: false,
        agent: { disabled: true },
        mcp: { disabled: true },
        hideClientButton: true,
        showDeveloperTools: 'never',
      },
    })
  })
}
