import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchChromium } from '../../../tests/browser/chromium.ts'
import { buildSdkIfOld } from '../../../tools/build-sdk.ts'
import { type PageServer, startPageServer } from './page-server.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let browser: Browser
let context: BrowserContext
let world: PageServer
const complaints: string[] = []

beforeAll(async () => {
  await buildSdkIfOld()
  browser = await launchChromium()
}, 120_000)
afterAll(() => browser?.close())

beforeEach(async () => {
  world = await startPageServer()
  context = await browser.newContext({ reducedMotion: 'reduce' })
  complaints.length = 0
  context.on('page', (page) => {
    page.on('pageerror', ({ message }) => complaints.push(message))
    page.on('console', (line) => /error|warning/.test(line.type()) && complaints.push(line.text()))
  })
})
afterEach(async () => {
  await context.close()
  await world.close()
})

const phase = (page: Page, wanted: string) =>
  page.waitForFunction((name) => document.documentElement.dataset.tmPhase === name, wanted)

const button = (page: Page, name: string) => page.locator('token-marketplace').getByRole('button', { name })

async function findAxeFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: { id: string; help: string }[] }> }
    }
    const { violations } = await axe.run({ resultTypes: ['violations'] })
    return violations
      .map(({ id, help }) => `${id}: ${help}`)
      .filter((fault) => !/^(region|landmark)/.test(fault))
  })
}

const beats = () => world.api.requests.filter(({ path }) => path.endsWith('/heartbeat'))

describe('on the strictest page', () => {
  test('the whole journey runs: launch, countdown, warning, pause, resume, the way back', async () => {
    const page = await context.newPage()
    const { href } = world.launch({ duration: '10m' })
    const session = world.api.sessions.get('ses_1')!
    session.usedMs = 400_000
    await page.goto(href)
    await phase(page, 'active')
    expect(page.url()).toBe(`${world.appUrl}/`)
    const shown = () => page.textContent('[data-tm-remaining]')
    expect(await shown()).toMatch(/^3:(20|1\d)$/)
    const before = await shown()
    await expect.poll(shown, { timeout: 5_000 }).not.toBe(before)
    await button(page, 'Add time').waitFor()
    expect(await findAxeFaults(page)).toEqual([])
    await button(page, 'Continue').click()
    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    await button(page, 'Resume').waitFor()
    expect(await findAxeFaults(page)).toEqual([])
    session.usedMs = 599_000
    await button(page, 'Resume').click()
    await page.waitForURL(`${world.marketplaceUrl}/?session=ses_1&reason=expired`)
    expect(session).toMatchObject({ status: 'ended', endReason: 'expired' })
    expect(complaints).toEqual([])
  })

  test('a launch that the network loses is tried again, though the browser still has the key set', async () => {
    const page = await context.newPage()
    const { href } = world.launch()
    const asked: string[] = []
    world.isHeard = (path) => asked.push(path) === 1
    // As the page sees it: a browser asks again by itself where a connection breaks.
    let failures = 0
    page.on('requestfailed', (request) => {
      if (request.url().endsWith('/validate')) failures++
    })
    // Without it the page waits ever longer until it tries again.
    const tryAgain = () => page.evaluate(() => dispatchEvent(new Event('online')))
    await page.goto(href)
    // It would be the origin that is refused, if the key set could be read and the launch could not be validated.
    for (let wanted = 1; wanted <= 5; wanted++) {
      await expect.poll(() => failures, { timeout: 5_000 }).toBeGreaterThanOrEqual(wanted)
      await tryAgain()
    }
    expect(asked[0]).toContain('/keys/public')
    expect(await page.getAttribute('html', 'data-tm-phase')).toBe('starting')
    world.isHeard = () => true
    await tryAgain()
    await phase(page, 'active')
  })

  test('a page that is rendered ahead begins when somebody sees it', async () => {
    const page = await context.newPage()
    await page.addInitScript(() => {
      Object.defineProperty(document, 'prerendering', { value: true, writable: true })
    })
    await page.goto(world.launch().href)
    expect(await page.getAttribute('html', 'data-tm-phase')).toBe('idle')
    expect(world.api.requests).toEqual([])
    await page.evaluate(() => {
      Object.assign(document, { prerendering: false })
      document.dispatchEvent(new Event('prerenderingchange'))
    })
    await phase(page, 'active')
  })

  test('a visitor without a launch is told so and nothing is thrown', async () => {
    const page = await context.newPage()
    await page.goto(world.appUrl)
    await page.getByText('Please open this app from the marketplace.').waitFor()
    expect(await findAxeFaults(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    await expect.poll(() => page.locator('token-marketplace').getByRole('dialog').isVisible()).toBe(true)
    expect(complaints).toEqual([])
  })

  test('the dialog keeps to the colours of high contrast, dark mode and the other direction', async () => {
    const page = await context.newPage()
    await page.emulateMedia({ colorScheme: 'dark', forcedColors: 'active', reducedMotion: 'reduce' })
    await page.goto(world.appUrl)
    await page.evaluate(() => document.documentElement.setAttribute('dir', 'rtl'))
    await page.reload()
    await page.getByText('Please open this app from the marketplace.').waitFor()
    expect(await findAxeFaults(page)).toEqual([])
  })
})

describe('every state of the dialog', () => {
  test.each([
    ['light', 'ltr'],
    ['dark', 'rtl'],
  ] as const)('is without a finding of axe: %s, %s', async (colorScheme, dir) => {
    world.attributes = 'data-redirect="off"'
    world.body = `<token-marketplace hidden><b slot="header">Acme</b><i slot="footer">Help</i></token-marketplace>
      <p data-tm-remaining>–</p>`
    const page = await context.newPage()
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const dialog = page.locator('token-marketplace').getByRole('dialog')
    const expectClean = async (name: string) => {
      await dialog.filter({ hasText: name }).waitFor()
      expect(await page.getByText('Acme').isVisible()).toBe(true)
      expect([name, ...(await findAxeFaults(page))]).toEqual([name])
    }
    await page.goto(world.launch({ duration: '10m', warningSeconds: 299 }).href)
    await phase(page, 'active')
    expect(await page.getByText('Acme').isVisible()).toBe(false)
    await page.evaluate((value) => {
      document.documentElement.dir = value
    }, dir)
    const session = world.api.sessions.get('ses_1')!
    const run = (call: string) => page.evaluate(`TokenMarketplace.session.${call}, null`)

    session.usedMs = 302_000
    await run('refresh()')
    await expectClean('Your session ends soon')
    await run('dismissWarning()')
    await run('pause()')
    await expectClean('Time is not counted.')
    await run('resume()')
    await dialog.waitFor({ state: 'hidden' })
    session.hasLeft = true
    session.leaseEnd = null
    session.lastBeatAt = Date.now()
    world.api.failWith = { status: 503 }
    // Too long without an answer: the lease is what the record says, so it is made to have run out. And the clocks, which
    // disagree by that, are doubted for three seconds.
    await page.evaluate(() => {
      const wall = Date.now
      Date.now = () => wall() + 200_000
    })
    await run('refresh()')
    await page.evaluate(() => {
      for (const clock of [Date, performance]) {
        const now = clock.now.bind(clock)
        clock.now = () => now() + 4_000
      }
    })
    await expectClean('Connection lost')
    world.api.failWith = undefined
    await run('refresh()')
    await dialog.waitFor({ state: 'hidden' })
    await run('complete()')
    await expectClean('Session over')
    await page.goto(world.appUrl)
    await expectClean('Please open this app from the marketplace.')
    expect(complaints.filter((line) => !line.includes('503'))).toEqual([])
  })
})

describe('in a browser', () => {
  test('a reload keeps the session, its client and its clock', async () => {
    const page = await context.newPage()
    await page.goto(world.launch({ duration: '10m' }).href)
    await phase(page, 'active')
    await expect.poll(() => beats().length).toBe(1)
    await page.reload()
    await phase(page, 'active')
    await expect.poll(() => beats().length).toBe(3)
    // Either may arrive first, and a last word that comes late changes nothing.
    const [, last, first] = beats()
      .map(({ body }) => body)
      .sort((one, other) => Number(one.sequence) - Number(other.sequence))
    expect(last).toMatchObject({ final: true, sequence: 2 })
    expect(first).toMatchObject({ sequence: 3 })
    expect(first).not.toHaveProperty('final')
    expect(new Set(beats().map(({ body }) => body.clientId)).size).toBe(1)
  })

  test('two tabs are one session, and a pause in one is a pause in both', async () => {
    const first = await context.newPage()
    await first.goto(world.launch({ duration: '10m' }).href)
    await phase(first, 'active')
    const second = await context.newPage()
    await second.goto(world.appUrl)
    await phase(second, 'active')
    await second.getByRole('button', { name: 'Pause', exact: true }).click()
    await phase(first, 'paused')
    await button(second, 'Resume').click()
    await phase(first, 'active')
    const before = beats().length
    await first.close()
    const since = () => beats().slice(before)
    await expect.poll(() => since().some(({ body }) => body.final)).toBe(true)
    await expect.poll(() => since().some(({ body }) => !body.final), { timeout: 5_000 }).toBe(true)
    await expect.poll(() => world.api.sessions.get('ses_1')?.leaseEnd, { timeout: 5_000 }).not.toBeNull()
  })

  test('two tabs show the same warning, and an answer in one answers in both', async () => {
    const first = await context.newPage()
    await first.goto(world.launch({ duration: '10m', warningSeconds: 299 }).href)
    await phase(first, 'active')
    // Half of the ten minutes is the most that a warning may take.
    world.api.sessions.get('ses_1')!.usedMs = 302_000
    const second = await context.newPage()
    await second.goto(world.appUrl)
    for (const page of [first, second]) await button(page, 'Continue').waitFor()
    await button(second, 'Continue').click()
    for (const page of [first, second]) await button(page, 'Continue').waitFor({ state: 'hidden' })
    await first.reload()
    await phase(first, 'active')
    expect(await button(first, 'Continue').isVisible()).toBe(false)
  })

  test('without storage, locks, channels and WebCrypto the session runs all the same', async () => {
    const page = await context.newPage()
    await page.addInitScript(() => {
      const refuse = () => {
        throw new DOMException('denied', 'SecurityError')
      }
      Object.defineProperty(globalThis, 'localStorage', { get: refuse })
      Object.defineProperty(globalThis, 'BroadcastChannel', { value: refuse })
      Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined })
      Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined })
    })
    await page.goto(world.launch({ duration: '10m' }).href)
    await phase(page, 'active')
    await expect.poll(() => beats().length).toBe(1)
    expect(complaints).toEqual([])
  })

  test('a sandboxed frame without an origin of its own runs the session', async () => {
    world.headers = {}
    const page = await context.newPage()
    const { href } = world.launch({ duration: '10m' })
    await page.goto(world.marketplaceUrl)
    await page.evaluate((src) => {
      const frame = document.createElement('iframe')
      frame.setAttribute('sandbox', 'allow-scripts')
      frame.src = src
      document.body.append(frame)
    }, href)
    await expect.poll(() => beats().length).toBe(1)
    expect(complaints).toEqual([])
  })

  test('events reach the page, and a single script tag is found by its attribute', async () => {
    world.headers = {}
    world.body = `<output></output><script>
      for (const type of ['start', 'pause', 'resume', 'end'])
        document.addEventListener('tm:' + type, ({ detail }) => document.querySelector('output').append(detail.type + ' '))
    </script>`
    world.attributes = 'data-redirect="off" data-dialog="off"'
    const page = await context.newPage()
    await page.goto(world.launch().href)
    await phase(page, 'active')
    await page.evaluate(async () => {
      const { session } = (
        globalThis as unknown as { TokenMarketplace: { session: Record<string, () => unknown> } }
      ).TokenMarketplace
      await session.pause!()
      await session.resume!()
      await session.complete!()
    })
    await expect.poll(() => page.textContent('output')).toBe('start pause resume end ')
    expect(await page.locator('token-marketplace').count()).toBe(0)
  })

  test('two script tags are one session and one of each event', async () => {
    world.headers = {}
    world.body = `<output></output><script>
      document.addEventListener('tm:pause', () => document.querySelector('output').append('pause '))
    </script><script src="/sdk.min.js" data-api-url="${world.apiUrl}" data-provider-id="prv_fake"></script>`
    const page = await context.newPage()
    await page.goto(world.launch().href)
    await phase(page, 'active')
    await page.evaluate(() =>
      (globalThis as unknown as { TokenMarketplace: { session: Record<string, () => unknown> } })
        .TokenMarketplace.session.pause!(),
    )
    await expect.poll(() => page.textContent('output')).toBe('pause ')
    expect(world.api.requests.filter(({ path }) => path.endsWith('/validate'))).toHaveLength(1)
  })
})
