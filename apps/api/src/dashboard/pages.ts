/**
 * `/dashboard`: the built pages, from memory, under a policy that lets nothing else in.
 *
 * The API answers without them too: where they were not built it says how. They are read anew when a build has
 * replaced them, so that a build needs no restart.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../deps.ts'
import { Problem } from '../errors.ts'
import { weightOf } from '../http/accept.ts'
import { sendPage } from '../http/page.ts'
import type { App } from '../http/server.ts'

const DIST = path.resolve(import.meta.dirname, '../../../dashboard/dist')
const PREFIX = '/dashboard'

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
}

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

interface File {
  type: string
  isHashed: boolean
  etag: string
  bodies: { identity: Buffer; br: Buffer; gzip: Buffer }
}

type Files = Map<string, File>

export function registerPages(app: App, { config }: Deps, dist = DIST): void {
  let files: Files | undefined
  let builtAt = 0

  async function load(): Promise<Files | undefined> {
    const at = await stat(path.join(dist, 'index.html')).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    )
    if (at === 0) return undefined
    if (!files || at !== builtAt) {
      files = await readFiles(dist)
      builtAt = at
    }
    return files
  }

  async function answer(request: FastifyRequest, reply: FastifyReply) {
    const name = decodeURIComponent(request.url.split('?', 1)[0] ?? '').slice(PREFIX.length + 1)
    const isAsset = /^assets\/|\.[a-z0-9]+$/.test(name)
    // A page's assets are those of the build it came with; only a page asks whether there is a newer one.
    const built = isAsset && files?.has(name) ? files : await load()
    if (!built) return sendNotBuilt(reply)
    const file = built.get(isAsset ? name : 'index.html')
    if (!file) throw new Problem('not_found', { detail: 'This file is of another build: reload the page.' })
    reply
      .header('content-type', file.type)
      .header('etag', file.etag)
      .header('vary', 'accept-encoding')
      .header('cache-control', file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
      .header('content-security-policy', POLICY)
      .header('cross-origin-opener-policy', 'same-origin')
      .header('cross-origin-resource-policy', 'same-origin')
      .header('permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=()')
      // The address may name a provider or a session.
      .header('referrer-policy', 'no-referrer')
    if (request.headers['if-none-match'] === file.etag) return reply.code(304).send()
    const accepted = String(request.headers['accept-encoding'] ?? '')
    if (weightOf(accepted, 'br') > 0) return reply.header('content-encoding', 'br').send(file.bodies.br)
    if (weightOf(accepted, 'gzip') > 0) return reply.header('content-encoding', 'gzip').send(file.bodies.gzip)
    return reply.send(file.bodies.identity)
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

async function readFiles(dist: string): Promise<Files> {
  const entries = await readdir(dist, { withFileTypes: true, recursive: true })
  const files: Files = new Map()
  for (const entry of entries) {
    const type = TYPES[path.extname(entry.name)]
    if (!entry.isFile() || !type) continue
    const full = path.join(entry.parentPath, entry.name)
    const name = path.relative(dist, full).split(path.sep).join('/')
    const body = await readFile(full)
    files.set(name, {
      type,
      isHashed: name.startsWith('assets/'),
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      bodies: { identity: body, br: await squeeze(body), gzip: await promisify(gzip)(body) },
    })
  }
  return files
}

/** Good and quick: the best takes a second for a per cent. */
function squeeze(body: Buffer): Promise<Buffer> {
  return promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } })
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
