import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join, normalize } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium } from './chromium.ts'
import { type Listed, launchInto, listExample } from './provider-stack.ts'
import { type Stack, startStack } from './stack.ts'

const dist = join(import.meta.dirname, '../../packages/sdk/dist')

let stack: Stack
let browser: Browser
let app: Listed
let server: Server

beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startStack(), launchChromium()])
  app = await listExample(stack, 'provider-react')
  const { providerId, appUrl, port } = app
  const main = `
    import { createMarketplaceSession, experiment } from '/sdk/index.js'
    const session = createMarketplaceSession(${JSON.stringify({ apiUrl: stack.apiUrl, providerId })})
    await session.start()
    const shown = experiment(session, 'toolbar', ['top', 'side'])
    document.body.textContent = session.getSnapshot().phase + ' ' + shown + ' ' + experiment(session, 'toolbar', ['top', 'side'])`
  server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, appUrl)
    const policy = `default-src 'none'; script-src 'self'; connect-src ${stack.apiUrl}; require-trusted-types-for 'script'`
    response.setHeader('content-security-policy', policy)
    if (pathname === '/')
      return response.setHeader('content-type', 'text/html').end(`<!doctype html><title>App</title>
        <body><script type="module" src="/main.js"></script>`)
    const body =
      pathname === '/main.js'
        ? main
        : await readFile(join(dist, normalize(pathname.replace(/^\/sdk/, '')))).catch(() => undefined)
    return response.writeHead(body ? 200 : 404, { 'content-type': 'text/javascript' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
})
afterAll(async () => {
  await browser?.close()
  server?.closeAllConnections()
  await new Promise((resolve) => server?.close(resolve))
  await stack?.close()
})

test('the variant that a page shows is on record at the marketplace, once', async () => {
  const page = await browser.newPage()
  const told: unknown[] = []
  page.on('request', (request) => {
    if (request.url().endsWith('/exposures') && request.method() === 'POST') told.push(request.postDataJSON())
  })
  const { sessionId } = await launchInto(stack, page, {
    providerId: app.providerId,
    minutes: 30,
    tokens: 1_000,
  })
  await page.getByText(/^active (top|side) (top|side)$/).waitFor()
  const [, shown, again] = (await page.textContent('body'))!.trim().split(' ')
  expect(again).toBe(shown)
  const recorded = () =>
    stack.api.deps.db.batch.query('select experiment, variant from exposures where session_id = $1', [
      sessionId,
    ])
  await expect.poll(recorded).toEqual([{ experiment: 'toolbar', variant: shown }])
  await page.reload()
  await page.getByText(`active ${shown} ${shown}`).waitFor()
  await expect.poll(() => told.length).toBe(2)
  expect(await recorded()).toEqual([{ experiment: 'toolbar', variant: shown }])
  await page.close()
})
