/**
 * `/dashboard`: the built pages, from memory, under a policy that lets nothing else in.
 *
 * The API answers without them too: where they were not built it says how. They are read anew when a build has
 * replaced them, so that a build needs no restart.
 *
 * @module
 */
import path from 'node:path'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import { createBuiltFiles, sendBuiltFile } from '../http/built-files.ts'
import { sendPage } from '../http/page.ts'
import type { App } from '../http/server.ts'

const DIST = path.resolve(import.meta.dirname, '../../../dashboard/dist')
const PREFIX = '/dashboard'

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

export function registerPages(app: App, { config }: Deps, dist = DIST): void {
  const files = createBuiltFiles(dist, 'index.html')

  async function answer(request: FastifyRequest, reply: FastifyReply) {
    const name = decodeURIComponent(request.url.split('?', 1)[0] ?? '').slice(PREFIX.length + 1)
    const isAsset = /^assets\/|\.[a-z0-9]+$/.test(name)
    // A page's assets are those of the build it came with; only a page asks whether there is a newer one.
    let file = isAsset ? files.known(name) : undefined
    if (!file) {
      const built = await files.load()
      if (!built) return sendNotBuilt(reply)
      file = built.get(isAsset ? name : 'index.html')
    }
    if (!file) throw new Problem('not_found', { detail: 'This file is of another build: reload the page.' })
    const isHashed = name.startsWith('assets/')
    reply
      .header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
      .header('content-security-policy', POLICY)
      .header('cross-origin-opener-policy', 'same-origin')
      .header('cross-origin-resource-policy', 'same-origin')
      .header('permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=()')
      // The address may name a provider or a session.
      .header('referrer-policy', 'no-referrer')
    return sendBuiltFile(request, reply, file)
  }

  const route = { config: { callers: ['open'] as const }, schema: { hide: true } }
  app.get(PREFIX, route, answer)
  app.get(`${PREFIX}/*`, route, answer)
  // What the pages have to know and cannot be built in: one build serves every installation.
  app.get(`${PREFIX}/config.json`, route, async (_request, reply) =>
    reply.header('cache-control', 'no-cache').send({
      publicUrl: config.publicUrl,
      marketplaceUrl: config.marketplaceUrl,
      isProduction: config.isProduction,
      isReviewed: config.providerReview === 'manual',
      platformFeeBasisPoints: config.platformFeeBasisPoints,
    }),
  )
}

function sendNotBuilt(reply: FastifyReply) {
  return sendPage(reply.code(503).header('retry-after', '5'), {
    title: 'The dashboard is not built',
    body: `<h1>The dashboard is not built</h1>
<p>The API works; its pages for providers and operators have to be built once, from the repository’s root:</p>
<p><code>npm run build --workspace apps/dashboard</code></p>
<p>Then reload this page. <code>npm start</code> does it by itself.</p>`,
  })
}
