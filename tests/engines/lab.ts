/**
 * An app with the script tag that can be asked to lack things, on the real API.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { accessTokenOf } from '../../apps/api/test/harness.ts'
import { freePorts, type Stack, startStack } from '../browser/stack.ts'

const sdk = join(import.meta.dirname, '../../packages/sdk/dist/sdk.min.js')

/** What a page can be made to lack. */
export type Lack = 'storage' | 'locks' | 'channel' | 'webcrypto'

export interface Launched {
  id: string
  url: string
  /** The session as its user sees it. */
  read(): Promise<SeenSession>
}

export interface SeenSession {
  status: string
  endReason: string | null
  usedMs: number
  remainingMs: number
  serveUntil: string | null
  sequence: number
}

export interface Lab {
  stack: Stack
  appUrl: string
  /** Opens a session of 30 minutes; the address of its launch. */
  launch(lacks?: Lack[]): Promise<Launched>
  close(): Promise<void>
}

const page = (apiUrl: string, providerId: string, lacks: string) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Lab</title><link rel="icon" href="data:,">
<script src="/lack.js" data-lacks="${lacks}"></script>
<script src="/sdk.min.js" data-api-url="${apiUrl}" data-provider-id="${providerId}"></script>
<h1>Lab</h1><p data-tm-remaining>–</p>
<button data-tm-pause>Pause</button><button data-tm-resume>Resume</button><button data-tm-end>End</button>
<main data-tm-when="serving" hidden>Open</main></html>`

const lackScript = `
const lacks = document.currentScript.dataset.lacks.split(',')
const refuse = { get() { throw new DOMException('refused', 'SecurityError') } }
if (lacks.includes('storage')) for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, refuse)
if (lacks.includes('locks')) Object.defineProperty(navigator, 'locks', { value: undefined })
if (lacks.includes('channel')) window.BroadcastChannel = undefined
if (lacks.includes('webcrypto')) Object.defineProperty(crypto, 'subtle', { value: undefined })
window.seen = { violations: [], shows: [] }
document.addEventListener('securitypolicyviolation', (event) => seen.violations.push(event.violatedDirective))
addEventListener('pageshow', (event) => seen.shows.push(event.persisted))
`

export async function openLab(): Promise<Lab> {
  const stack = await startStack()
  const [port] = (await freePorts(1)) as [number]
  const appUrl = `http://localhost:${port}`
  const owner = await stack.newVisitor()
  const { id: providerId } = (await stack.call('POST', '/providers', {
    token: owner.accessToken,
    body: {
      name: 'Lab',
      description: 'A page that can be made to lack things.',
      category: 'tools',
      launchUrl: `${appUrl}/`,
      allowedOrigins: [appUrl],
      tokensPerMinute: 4,
    },
  })) as { id: string }

  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url!, appUrl)
    const send = (type: string, body: string | Buffer) => response.setHeader('content-type', type).end(body)
    if (pathname === '/sdk.min.js') return send('text/javascript', await readFile(sdk))
    if (pathname === '/lack.js') return send('text/javascript', lackScript)
    if (pathname === '/elsewhere') return send('text/html', '<!doctype html><title>Elsewhere</title>')
    if (pathname !== '/') return response.writeHead(404).end()
    const policy = `default-src 'none'; script-src 'self'; img-src data:; connect-src ${stack.apiUrl}; require-trusted-types-for 'script'`
    response.setHeader('content-security-policy', policy).setHeader('cache-control', 'no-cache')
    const lacks = (searchParams.get('lacks') ?? '').replace(/[^a-z,]/g, '')
    return send('text/html', page(stack.apiUrl, providerId, lacks))
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))

  return {
    stack,
    appUrl,
    async launch(lacks = []) {
      const { id: userId, accessToken: token } = await stack.newVisitor({ tokens: 200 })
      const { session, launchUrl } = (await stack.call('POST', '/sessions', {
        token,
        body: { providerId, durationMinutes: 30 },
      })) as { session: { id: string }; launchUrl: string }
      const url = new URL(launchUrl)
      if (lacks.length > 0) url.searchParams.set('lacks', lacks.join(','))
      // A fresh token each time: the clock that the test moves outlives them.
      const read = async () =>
        (await stack.call('GET', `/sessions/${session.id}`, {
          token: await accessTokenOf(stack.api, userId),
        })) as SeenSession
      return { id: session.id, url: url.href, read }
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await stack.close()
    },
  }
}
