import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser } from '../../apps/api/test/harness.ts'
import { createSnippets } from '../../apps/dashboard/src/provider/snippets.ts'
import { type DashboardStack, startDashboardStack, watchComplaints } from './dashboard-stack.ts'

let stack: DashboardStack
let app: Server
let page = ''

beforeAll(async () => {
  stack = await startDashboardStack()
  app = createServer((_request, response) => {
    // Isolated from other origins: what it loads from them has to allow it.
    response.setHeader('cross-origin-embedder-policy', 'require-corp')
    response.setHeader('content-type', 'text/html; charset=utf-8').end(page)
  })
  await new Promise<void>((resolve) => app.listen(Number(new URL(stack.appUrl).port), '127.0.0.1', resolve))
})
afterAll(async () => {
  app?.close()
  await stack?.close()
})

test('the tag that the dashboard shows, pasted into a page of another origin, runs a paid session', async () => {
  const { url: apiUrl, appUrl } = stack
  const owner = await stack.register('owner@example.com')
  const operator = await stack.register('operator@example.com', { isOperator: true })
  const { id: providerId } = await stack.call<{ id: string }>('POST', '/providers', {
    token: owner.accessToken,
    body: {
      name: 'A page',
      description: 'Nothing but the tag.',
      category: 'tools',
      launchUrl: `${appUrl}/`,
      allowedOrigins: [appUrl],
      tokensPerMinute: 4,
    },
  })
  await stack.call('POST', `/providers/${providerId}/approve`, { token: operator.accessToken })
  const dist = join(import.meta.dirname, '../../packages/sdk/dist')
  const { 'sdk.min.js': hash } = JSON.parse(readFileSync(join(dist, 'integrity.json'), 'utf8'))
  const { text } = createSnippets({ apiUrl, providerId })[0]!.parts[0]!
  page = text.replace(
    '<script ',
    `<script integrity="${hash}" crossorigin="anonymous" data-language="de" data-warning-seconds="899" `,
  )

  const user = await addUser(stack.api, { tokens: 1_000 })
  const { launchUrl } = await stack.call<{ launchUrl: string }>('POST', '/sessions', {
    token: user.token,
    body: { providerId, durationMinutes: 30 },
  })
  const context = await stack.newContext()
  const complaints = watchComplaints(context)
  const tab = await context.newPage()
  await tab.goto(launchUrl)
  await tab.locator('[data-tm-when="serving"]').waitFor()
  expect(await tab.locator('[data-tm-remaining]').textContent()).toMatch(/^(29|30):\d\d$/)
  await tab.locator('[data-tm-pause]').click()
  // Its words come from beside the script.
  await tab.locator('token-marketplace').getByRole('button', { name: 'Fortsetzen' }).waitFor()
  expect(complaints).toEqual([])
  const { headers } = await fetch(`${apiUrl}/sdk/sdk.min.js`)
  expect([headers.get('access-control-allow-origin'), headers.get('ratelimit')]).toEqual(['*', null])
  await context.close()
})
