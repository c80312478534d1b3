import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createFakeApi, FAKE_PROVIDER_ID, type FakeApi, type LaunchOptions } from '../src/testing/index.ts'

export interface PageServer {
  api: FakeApi
  appUrl: string
  apiUrl: string
  marketplaceUrl: string
  /** The page's own policy; the strictest by default. */
  headers: Record<string, string>
  /** Where the script lies. */
  scriptPath: string
  /** What stands in the root element before the script runs. */
  rootAttributes: string
  /** False where the network loses a request to the API. */
  isHeard: (path: string) => boolean
  /** Attributes of the tag besides the two that are needed. */
  attributes: string
  body: string
  launch(options?: LaunchOptions): { id: string; href: string }
  close(): Promise<void>
}

const read = (path: string) => readFileSync(join(import.meta.dirname, '..', path))

function listen(server: Server): Promise<string> {
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () =>
      resolve(`http://localhost:${(server.address() as AddressInfo).port}`),
    ),
  )
}

/** Serves an app with the built script tag, a marketplace and the fake API, each on an origin of its own. */
export async function startPageServer(): Promise<PageServer> {
  const api = createFakeApi(() => Date.now())

  const app = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://app')
    const [, language] =
      /^(?:\/npm\/@token-marketplace\/sdk\/dist)?(\/languages\/\w+\.js)$/.exec(pathname) ?? []
    if (language || pathname === world.scriptPath) {
      response.setHeader('content-type', 'text/javascript').end(read(`dist${language ?? '/sdk.min.js'}`))
      return
    }
    for (const [name, value] of Object.entries(world.headers)) response.setHeader(name, value)
    response.setHeader('content-type', 'text/html').end(`<!doctype html>
<html lang="en" ${world.rootAttributes}><title>App</title><meta name="color-scheme" content="light dark">
<script src="${world.scriptPath}" data-api-url="${world.apiUrl}" data-provider-id="${FAKE_PROVIDER_ID}" ${world.attributes}></script>
<h1>An app</h1>${world.body}</html>`)
  })

  const marketplace = createServer((_, response) => {
    response
      .setHeader('content-type', 'text/html')
      .end('<!doctype html><title>Marketplace</title><h1>Marketplace</h1>')
  })

  const apiServer = createServer(async (request, response) => {
    if (!world.isHeard(request.url!)) {
      request.socket.destroy()
      return
    }
    // As the API does it.
    if (request.url!.endsWith('/keys/public')) response.setHeader('cache-control', 'public, max-age=300')
    response.setHeader('access-control-allow-origin', request.headers.origin ?? '*')
    response.setHeader('access-control-allow-headers', 'authorization, content-type')
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end()
      return
    }
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString() || null
    const answer = api.handle(`http://api${request.url}`, body, request.headers.authorization)
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
  })

  const [appUrl, apiUrl, marketplaceUrl] = await Promise.all([app, apiServer, marketplace].map(listen))
  const world: PageServer = {
    api,
    appUrl: appUrl!,
    apiUrl: apiUrl!,
    marketplaceUrl: marketplaceUrl!,
    headers: {
      'content-security-policy': `default-src 'none'; script-src 'self'; connect-src ${apiUrl}; require-trusted-types-for 'script'`,
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    },
    scriptPath: '/sdk.min.js',
    rootAttributes: '',
    isHeard: () => true,
    attributes: '',
    body: '<p data-tm-remaining>–</p><button data-tm-pause>Pause</button><button data-tm-end>End</button>',
    launch(options) {
      const { session, launchJwt } = api.launch(options)
      session.marketplaceUrl = marketplaceUrl!
      return { id: session.id, href: `${appUrl}/?launch_jwt=${launchJwt}` }
    },
    async close() {
      for (const server of [app, apiServer, marketplace]) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    },
  }
  return world
}
