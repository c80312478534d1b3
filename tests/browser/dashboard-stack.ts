/**
 * The dashboard in a browser: the real API with its pages and its courier, the example app as the provider's, and a
 * server that takes webhooks, each on an origin of its own.
 *
 * @module
 */
import type { ChildProcess } from 'node:child_process'
import { createServer, type IncomingMessage } from 'node:http'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { Webhook } from 'standardwebhooks'
import { PUBLIC_TENANT_ID } from '../../apps/api/src/id.ts'
import { startCourier } from '../../apps/api/src/webhooks/jobs.ts'
import { startTestApi, type TestApi } from '../../apps/api/test/harness.ts'
import { buildDashboardIfOld } from '../../tools/build-dashboard.ts'
import { buildSdkIfOld } from '../../tools/build-sdk.ts'
import { launchChromium } from './chromium.ts'
import { freePorts, serve, stop, waitUntilAnswers } from './stack.ts'

export const PASSWORD = 'a sentence of several words'

export interface Person {
  id: string
  email: string
  accessToken: string
  refreshToken: string
}

/** What arrived at the provider's server, and whether its signature fits the secret. */
export interface Received {
  id: string
  type: string
  isVerified: boolean
}

export interface DashboardStack {
  api: TestApi
  url: string
  appUrl: string
  webhookUrl: string
  browser: Browser
  received: Received[]
  /** What received webhooks are verified with, from here on. */
  setSecret(secret: string): void
  /** What the provider's server answers, from here on. */
  setAnswer(status: number): void
  call<T>(method: string, path: string, options?: { token?: string; body?: unknown }): Promise<T>
  register(email: string, options?: { isOperator?: boolean }): Promise<Person>
  /** Starts the example app as that provider's. */
  serveApp(providerId: string): Promise<void>
  newContext(options?: {
    person?: Person
    scheme?: 'light' | 'dark'
    width?: number
  }): Promise<BrowserContext>
  close(): Promise<void>
}

export async function startDashboardStack(): Promise<DashboardStack> {
  const [apiPort, appPort, hookPort] = (await freePorts(3)) as [number, number, number]
  const url = `http://localhost:${apiPort}`
  const appUrl = `http://localhost:${appPort}`
  const env = { PUBLIC_URL: url, PROVIDER_REVIEW: 'manual', OUTGOING_ALLOW_CIDRS: '127.0.0.0/8,::1/128' }
  const [api, browser] = await Promise.all([
    startTestApi({ env }),
    launchChromium(),
    buildSdkIfOld(),
    buildDashboardIfOld(),
  ])
  // Pages ask for ranges by the browser's clock.
  api.clock.advance({ ms: Date.now() - api.clock.now().getTime() })
  await api.app.listen({ port: apiPort, host: '127.0.0.1' })
  const stopCourier = startCourier(api.deps)
  const receiver = receiveWebhooks()
  await new Promise<void>((resolve) => receiver.server.listen(hookPort, '127.0.0.1', resolve))
  let app: ChildProcess | undefined

  const call: DashboardStack['call'] = async (method, path, { token, body } = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  return {
    api,
    url,
    appUrl,
    webhookUrl: `http://127.0.0.1:${hookPort}/webhooks`,
    browser,
    received: receiver.received,
    setSecret: receiver.setSecret,
    setAnswer: receiver.setAnswer,
    call,
    async register(email, { isOperator = false } = {}) {
      const answer = await call<{ user: { id: string }; accessToken: string; refreshToken: string }>(
        'POST',
        '/auth/register',
        { body: { email, password: PASSWORD } },
      )
      const { id } = answer.user
      if (isOperator) {
        await api.deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
          tx.query('update users set is_operator = true where id = $1', [id]),
        )
      }
      return { id, email, accessToken: answer.accessToken, refreshToken: answer.refreshToken }
    },
    async serveApp(providerId) {
      app = serve('examples/provider-vanilla/server.ts', {
        ...process.env,
        API_URL: url,
        HOST: '127.0.0.1',
        PORT: String(appPort),
        PROVIDER_ID: providerId,
      })
      await waitUntilAnswers(appPort)
    },
    async newContext({ person, scheme = 'light', width = 1280 } = {}) {
      const context = await browser.newContext({
        viewport: { width, height: 900 },
        colorScheme: scheme,
        reducedMotion: 'reduce',
        permissions: ['clipboard-read', 'clipboard-write'],
        timezoneId: 'Europe/Berlin',
      })
      context.setDefaultTimeout(10_000)
      if (person) await signInto(context, url, person)
      return context
    },
    async close() {
      await browser.close()
      if (app) await stop(app)
      await stopCourier()
      await new Promise((resolve) => receiver.server.close(resolve))
      await api.close()
    },
  }
}

/** Signed in as somebody who has a family of refresh tokens to themselves. */
async function signInto(context: BrowserContext, url: string, { id, email }: Person): Promise<void> {
  const response = await fetch(`${url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: PASSWORD }),
  })
  const { refreshToken } = (await response.json()) as { refreshToken: string }
  await context.addInitScript(
    ([origin, kept]) => {
      // Later pages must find what earlier ones exchanged.
      if (location.origin === origin && localStorage.getItem('signed-in-by-test') === null) {
        localStorage.setItem('signed-in-by-test', 'yes')
        localStorage.setItem('tally.dashboard.sign-in', kept!)
      }
    },
    [url, JSON.stringify({ userId: id, refreshToken })],
  )
}

function receiveWebhooks() {
  const received: Received[] = []
  let secret = ''
  let answer = 204
  const server = createServer(async (request, response) => {
    const body = await readBody(request)
    const headers = request.headers as Record<string, string>
    received.push({
      id: headers['webhook-id'] ?? '',
      type: JSON.parse(body).type,
      isVerified: isVerified(secret, body, headers),
    })
    response.writeHead(answer).end()
  })
  return {
    server,
    received,
    setSecret: (next: string) => {
      secret = next
    },
    setAnswer: (status: number) => {
      answer = status
    },
  }
}

function isVerified(secret: string, body: string, headers: Record<string, string>): boolean {
  if (secret === '') return false
  try {
    new Webhook(secret).verify(body, headers)
    return true
  } catch {
    return false
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) body += chunk
  return body
}

/** What a browser says went wrong while pages were used: errors, and what the policy refused. */
export function watchComplaints(context: BrowserContext): string[] {
  const complaints: string[] = []
  const watch = (page: Page) => {
    page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
    page.on('console', (message) => {
      if (message.type() !== 'error') return
      // What the API refuses the browser logs by itself; pages show it.
      if (!/Failed to load resource/.test(message.text())) complaints.push(`console: ${message.text()}`)
    })
  }
  context.on('page', watch)
  return complaints
}

/** An app of theirs, served by the stack. */
export async function registerApp(stack: DashboardStack, owner: Person, name: string): Promise<string> {
  const provider = await stack.call<{ id: string }>('POST', '/providers', {
    token: owner.accessToken,
    body: {
      name,
      description: 'One thing at a time.\nNothing else.',
      category: 'productivity',
      launchUrl: `${stack.appUrl}/`,
      allowedOrigins: [stack.appUrl],
      tokensPerMinute: 4,
    },
  })
  return provider.id
}
