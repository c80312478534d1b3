/**
 * Serves the example marketplace: files from `public/`, and the API's address as `/config.js`.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import { extname, join, sep } from 'node:path'

const port = Number(process.env.PORT || 4001)
const host = process.env.HOST || '127.0.0.1'
const apiUrl = (process.env.API_URL || 'http://localhost:4000').replace(/\/+$/, '')
const root = join(import.meta.dirname, 'public')
const client = join(import.meta.dirname, '../../packages/client/src')

// Node does to the client what it does to this very file; only asking for it is still called an experiment.
process.removeAllListeners('warning')

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const headers = {
  // No inline script or style, nothing from elsewhere, and nobody to talk to but the API.
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
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
  'referrer-policy': 'strict-origin',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-cache',
}

async function read(path: string): Promise<{ type: string; body: string | Buffer } | undefined> {
  if (path === '/config.js')
    return { type: types['.js']!, body: `export const apiUrl = ${JSON.stringify(apiUrl)}\n` }
  if (path === '/client.js') return { type: types['.js']!, body: `export * from './client/index.ts'\n` }
  const [, module] = /^\/client\/([a-z-]+\.ts)$/.exec(path) ?? []
  if (module !== undefined) {
    const source = await readFile(join(client, module), 'utf8').catch(() => undefined)
    // Types leave blanks behind, a hundred kilobytes of them; the lines stay where they are.
    return source === undefined
      ? undefined
      : { type: types['.js']!, body: stripTypeScriptTypes(source).replace(/[ \t]+$/gm, '') }
  }
  const file = join(root, path === '/' ? 'index.html' : path)
  const type = types[extname(file)]
  if (!type || !file.startsWith(root + sep)) return undefined
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
