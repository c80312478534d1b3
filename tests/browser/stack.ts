/**
 * The whole product for a browser test: the real API on a real PostgreSQL, the example marketplace and
 * the example app, on three origins. The API's clock stands still until the test moves it.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { createId, PUBLIC_TENANT_ID } from '../../apps/api/src/id.ts'
import type {} from '../../apps/api/test/global-setup.ts'
import { startTestApi, type TestApi } from '../../apps/api/test/harness.ts'
import { buildSdkIfOld } from '../../tools/build-sdk.ts'

const root = join(import.meta.dirname, '../..')
export const TOKENS_PER_MINUTE = 4
const READY_TRIES_MAX = 400
/** A gap of up to 45 s counts in full, whatever the device's clock says. */
const STEP_SECONDS = 40

/** What the marketplace keeps of a sign-in. */
export interface Visitor {
  id: string
  email: string
  password: string
  accessToken: string
  signIn: string
}

export interface Stack {
  api: TestApi
  apiUrl: string
  marketplaceUrl: string
  appUrl: string
  providerId: string
  /** Calls the API over HTTP and gives the body; throws what it refuses. */
  call(method: string, path: string, options?: { token?: string; body?: unknown }): Promise<unknown>
  /** Somebody who has registered and was given tokens. */
  newVisitor(options?: { tokens?: number }): Promise<Visitor>
  /** Signs the visitor in before any page of the context is opened. */
  signInto(context: BrowserContext, visitor: Visitor): Promise<void>
  /** Lets time pass on the server and has the app beat after each step, as it would have. */
  use(page: Page, time: { seconds: number }): Promise<void>
  close(): Promise<void>
}

export async function startStack(): Promise<Stack> {
  const [apiPort, marketplacePort, appPort] = (await freePorts(3)) as [number, number, number]
  const apiUrl = `http://localhost:${apiPort}`
  const marketplaceUrl = `http://localhost:${marketplacePort}`
  const appUrl = `http://localhost:${appPort}`
  const [api] = await Promise.all([
    startTestApi({ env: { PUBLIC_URL: apiUrl, MARKETPLACE_URL: marketplaceUrl } }),
    buildSdkIfOld(),
  ])
  await api.app.listen({ port: apiPort, host: '127.0.0.1' })
  const children: ChildProcess[] = []

  const call: Stack['call'] = async (method, path, { token, body } = {}) => {
    const response = await fetch(apiUrl + path, {
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

  let visitors = 0
  const newVisitor: Stack['newVisitor'] = async ({ tokens = 0 } = {}) => {
    const email = `visitor-${++visitors}@example.com`
    const password = 'a sentence of several words'
    const answer = (await call('POST', '/auth/register', { body: { email, password } })) as {
      user: { id: string }
      accessToken: string
      refreshToken: string
      expiresInSeconds: number
    }
    const { user, accessToken, refreshToken, expiresInSeconds } = answer
    if (tokens > 0) await giveTokens(api, user.id, tokens)
    const expiresAt = Date.now() + expiresInSeconds * 1000 - 30_000
    const signIn = JSON.stringify({ user, accessToken, refreshToken, expiresAt })
    return { id: user.id, email, password, accessToken, signIn }
  }

  const owner = await newVisitor()
  const provider = (await call('POST', '/providers', {
    token: owner.accessToken,
    body: {
      name: 'Stille',
      description: 'A quiet timer for one thing at a time.',
      category: 'productivity',
      launchUrl: `${appUrl}/`,
      allowedOrigins: [appUrl],
      tokensPerMinute: TOKENS_PER_MINUTE,
    },
  })) as { id: string }

  const environment = { ...process.env, API_URL: apiUrl, MARKETPLACE_URL: marketplaceUrl, HOST: '127.0.0.1' }
  children.push(
    serve('examples/marketplace/server.ts', { ...environment, PORT: String(marketplacePort) }),
    serve('examples/provider-vanilla/server.ts', {
      ...environment,
      PORT: String(appPort),
      PROVIDER_ID: provider.id,
    }),
  )
  await Promise.all([waitUntilAnswers(marketplacePort), waitUntilAnswers(appPort)])

  return {
    api,
    apiUrl,
    marketplaceUrl,
    appUrl,
    providerId: provider.id,
    call,
    newVisitor,
    async signInto(context, { signIn }) {
      await context.addInitScript(
        ([origin, kept]) => {
          // Only where nothing is kept yet: later pages must find what earlier ones refreshed.
          if (location.origin === origin && !sessionStorage.getItem('signed-in-by-test')) {
            sessionStorage.setItem('signed-in-by-test', 'yes')
            localStorage.setItem('tally.sign-in', localStorage.getItem('tally.sign-in') ?? kept!)
          }
        },
        [marketplaceUrl, signIn],
      )
    },
    async use(page, { seconds }) {
      for (let left = seconds; left > 0; left -= STEP_SECONDS) {
        api.clock.advance({ seconds: Math.min(STEP_SECONDS, left) })
        const now = api.clock.now().toISOString()
        const answered = page.waitForResponse(async (response) => {
          if (!response.url().endsWith('/heartbeat') || response.request().method() !== 'POST') return false
          return (await response.json()).session.serverTime === now
        })
        await page.evaluate('TokenMarketplace.session.refresh()')
        await answered
      }
    },
    async close() {
      await Promise.all(children.map(stop))
      await api.close()
    },
  }
}

export async function giveTokens({ deps }: TestApi, userId: string, tokens: number): Promise<void> {
  const now = deps.clock()
  const ids = [createId('trf', now), createId('trf', now)]
  await deps.db.inTenant(PUBLIC_TENANT_ID, (tx) =>
    tx.query(
      `select credit_wallet(current_tenant(), $1, 'promotion', 'promotions', $2, null, null, 'Welcome', $3, $4)`,
      [userId, tokens, ids, now],
    ),
  )
}

export function serve(script: string, env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [join(root, script)], { env, stdio: ['ignore', 'ignore', 'inherit'] })
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}

/** Chosen before anything starts, because the three have to know of one another. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

export async function waitUntilAnswers(port: number): Promise<void> {
  for (let tries = 0; tries < READY_TRIES_MAX; tries++) {
    if (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`Nothing answers on port ${port}`)
}
