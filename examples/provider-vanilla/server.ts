/**
 * Serves the example app: files from `public/`, the SDK's build, and the page with its two settings filled in.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, sep } from 'node:path'

const port = Number(process.env.PORT || 4002)
const host = process.env.HOST || '127.0.0.1'
const apiUrl = (process.env.API_URL || 'http://localhost:4000').replace(/\/+$/, '')
const marketplaceUrl = (process.env.MARKETPLACE_URL || 'http://localhost:4001').replace(/\/+$/, '')
const providerId = process.env.PROVIDER_ID || ''
const root = join(import.meta.dirname, 'public')
const sdk = join(import.meta.dirname, '../../packages/sdk/dist/sdk.min.js')

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const headers = {
  // All that the SDK asks of a policy: its own script, and the API in connect-src.
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src ${new URL(apiUrl).origin}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
  // The launch JWT comes in the address: it must not travel on in a Referer.
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-cache',
}

const escapeMarkup = (text: string) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)

async function read(path: string): Promise<{ type: string; body: string | Buffer } | undefined> {
  if (path === '/') {
    const page = await readFile(join(root, 'index.html'), 'utf8')
    const body = page
      .replaceAll('%API_URL%', escapeMarkup(apiUrl))
      .replaceAll('%MARKETPLACE_URL%', escapeMarkup(marketplaceUrl))
      .replaceAll('%PROVIDER_ID%', escapeMarkup(providerId))
    return { type: types['.html']!, body }
  }
  const file = path === '/sdk.min.js' ? sdk : join(root, path)
  const type = types[extname(file)]
  if (!type || (file !== sdk && !file.startsWith(root + sep))) return undefined
  const body = await readFile(file).catch(() => undefined)
  return body && { type, body }
}

const server = createServer(async (request, response) => {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { ...headers, allow: 'GET, HEAD' }).end()
    return
  }
  let path: string
  try {
    path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)
  } catch {
    response.writeHead(400, headers).end()
    return
  }
  const found = path.includes('\0') ? undefined : await read(path)
  if (!found) {
    response.writeHead(404, { ...headers, 'content-type': 'text/plain' }).end('There is nothing here.\n')
    return
  }
  response.writeHead(200, { ...headers, 'content-type': found.type })
  response.end(request.method === 'HEAD' ? undefined : found.body)
})

server.on('error', (error: NodeJS.ErrnoException) => {
  console.error(
    error.code === 'EADDRINUSE' ? `Port ${port} is taken: set PORT to another one.` : error.message,
  )
  process.exit(1)
})
server.listen(port, host)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    server.close(() => process.exit(0))
    server.closeAllConnections()
  })
}
