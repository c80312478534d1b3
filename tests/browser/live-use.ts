/**
 * People who use a real page in a real browser on real timers, against an API that is a process of its own. What they
 * were billed is compared with the time the test saw the app open.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import { startProcesses } from '../../apps/api/test/crash/processes.ts'
import { buildSdkIfOld } from '../../tools/build-sdk.ts'
import { chromiumArguments, findChromium, isSandboxed } from './chromium.ts'
import { freePorts } from './stack.ts'

const sdk = join(import.meta.dirname, '../../packages/sdk/dist/sdk.min.js')

/** One session in one browser profile. */
export interface Person {
  page: Page
  appUrl: string
  sessionId: string
  /** Another tab of the same profile. */
  openTab(): Promise<Page>
  /** Closes the page as a user does: with its goodbye. */
  closePage(page?: Page): Promise<void>
  /** Notes what the pages cannot: from now on nobody uses the app, whatever they last said. */
  stopUsing(): void
  /** Does something that nobody is served in, although no page says so: frozen, for one. */
  without(work: () => Promise<void>): Promise<void>
  /** Does something that is use by the rules although no page is open: a reload. */
  throughout(work: () => Promise<void>): Promise<void>
  /** Of all the time until now: how long the app was in use. */
  usedMs(): number
  /** As the marketplace shows it. */
  read(): Promise<{ usedMs: number; status: string; endReason: string | null }>
  end(): Promise<void>
}

export interface LiveUse {
  newPerson(browser: Browser, minutes: number): Promise<Person>
  close(): Promise<void>
}

interface Span {
  from: number
  to: number
}

// What a user's browser does to a page nobody looks at. Playwright pretends that every page is looked at.
const LEFT_OUT = [
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
]

export async function launchLiveBrowser(): Promise<Browser> {
  const { executablePath, env } = await findChromium()
  const throttled = '--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1'
  return await puppeteer.launch({
    executablePath,
    env,
    args: [...chromiumArguments, throttled, ...(isSandboxed ? [] : ['--no-sandbox'])],
    ignoreDefaultArgs: LEFT_OUT,
  })
}

export async function startLiveUse(): Promise<LiveUse> {
  const [port] = (await freePorts(1)) as [number]
  const appUrl = `http://localhost:${port}`
  const [processes] = await Promise.all([startProcesses(), buildSdkIfOld()])
  const { url: apiUrl } = processes

  async function call<Answer>(method: string, path: string, token?: string, body?: unknown): Promise<Answer> {
    const response = await fetch(apiUrl + path, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Answer
  }

  let people = 0
  const register = async () =>
    (
      await call<{ accessToken: string }>('POST', '/auth/register', undefined, {
        email: `live-${++people}@example.com`,
        password: 'a sentence of several words',
      })
    ).accessToken

  const { id: providerId } = await call<{ id: string }>('POST', '/providers', await register(), {
    name: 'Live',
    description: 'A page that says when it is open.',
    category: 'tools',
    launchUrl: `${appUrl}/`,
    allowedOrigins: [appUrl],
    tokensPerMinute: 0,
  })
  const tag = `<script src="/sdk.min.js" data-api-url="${apiUrl}" data-provider-id="${providerId}" data-redirect="off" data-dialog="off"></script>`
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, appUrl)
    if (pathname === '/sdk.min.js')
      return response.setHeader('content-type', 'text/javascript').end(await readFile(sdk))
    if (pathname !== '/') return response.writeHead(404).end()
    response.setHeader('content-type', 'text/html').setHeader('cache-control', 'no-store')
    return response.end(`<!doctype html><meta charset="utf-8"><title>Live</title>${tag}<h1>Live</h1>`)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))

  return {
    async newPerson(browser, durationMinutes) {
      const token = await register()
      const opened = await call<{ session: { id: string }; launchUrl: string }>('POST', '/sessions', token, {
        providerId,
        durationMinutes,
      })
      const sessionId = opened.session.id
      const context = await browser.createBrowserContext()
      const served: Span[] = []
      const away: Span[] = []
      const openSince = new Map<string, number>()
      let stoppedAt = Number.POSITIVE_INFINITY

      const hear = (page: string, at: number, canServe: boolean) => {
        const from = openSince.get(page)
        if (canServe) openSince.set(page, from ?? at)
        else if (from !== undefined) {
          served.push({ from, to: at })
          openSince.delete(page)
        }
      }
      const names = new Map<Page, string>()
      const openPage = async (address: string) => {
        const page = await context.newPage()
        await page.exposeFunction('tellUse', hear)
        // The clock is taken before anybody moves it.
        await page.evaluateOnNewDocument(`{
          const { now } = Date
          const name = String(Math.random())
          window.pageName = name
          addEventListener('pagehide', () => tellUse(name, now(), false))
          document.addEventListener('DOMContentLoaded', () => {
            const { session } = TokenMarketplace
            const tell = () => tellUse(name, now(), session.getSnapshot().canServe)
            session.subscribe(tell)
            tell()
          })
        }`)
        await page.goto(address)
        await page.waitForFunction('TokenMarketplace.session.getSnapshot().canServe')
        names.set(page, (await page.evaluate('pageName')) as string)
        return page
      }
      const page = await openPage(opened.launchUrl)
      const forget = (gone: Page) => hear(names.get(gone) ?? '', Date.now(), false)

      return {
        page,
        appUrl,
        sessionId,
        openTab: () => openPage(`${appUrl}/`),
        async closePage(gone = page) {
          const closed = new Promise((resolve) => gone.once('close', resolve))
          await gone.close({ runBeforeUnload: true })
          await closed
          forget(gone)
        },
        stopUsing() {
          stoppedAt = Date.now()
        },
        async without(work) {
          const from = Date.now()
          await work()
          away.push({ from, to: Date.now() })
        },
        async throughout(work) {
          const from = Date.now()
          forget(page)
          await work()
          await page.waitForFunction('TokenMarketplace.session.getSnapshot().canServe')
          served.push({ from, to: Date.now() })
          names.set(page, (await page.evaluate('pageName')) as string)
        },
        usedMs() {
          const now = Math.min(Date.now(), stoppedAt)
          const spans = [...served, ...[...openSince.values()].map((from) => ({ from, to: now }))]
          return unionMs(spans.flatMap((span) => minus({ ...span, to: Math.min(span.to, now) }, away)))
        },
        read: () => call('GET', `/sessions/${sessionId}`, token),
        async end() {
          await call('POST', `/api/v1/sessions/${sessionId}/complete`, token, {})
          await context.close()
        },
      }
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await processes.stop()
    },
  }
}

/** What of a span is in none of the others. */
function minus(span: Span, others: readonly Span[]): Span[] {
  return others.reduce<Span[]>(
    (rest, other) =>
      rest.flatMap(({ from, to }) =>
        [
          { from, to: Math.min(to, other.from) },
          { from: Math.max(from, other.to), to },
        ].filter((part) => part.to > part.from),
      ),
    span.to > span.from ? [span] : [],
  )
}

function unionMs(spans: readonly Span[]): number {
  let end = Number.NEGATIVE_INFINITY
  let sum = 0
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    sum += Math.max(0, to - Math.max(from, end))
    end = Math.max(end, to)
  }
  return sum
}
