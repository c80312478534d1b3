import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../apps/api/test/harness.ts'
import { launchChromium } from './chromium.ts'

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

let api: TestApi
let url: string
let browser: Browser
beforeAll(async () => {
  api = await startTestApi()
  url = await api.app.listen({ port: 0, host: '127.0.0.1' })
  browser = await launchChromium()
})
afterAll(async () => {
  await browser?.close()
  await api?.close()
})

/** A page, and what went wrong in it: refused by its policy, thrown, or asked of somebody else. */
async function openPage(colorScheme: 'light' | 'dark', path: string) {
  const page = await browser.newPage({ colorScheme, viewport: { width: 360, height: 740 } })
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(url)) complaints.push(request.url())
  })
  await page.goto(url + path)
  return { page, complaints }
}

describe.each(['light', 'dark'] as const)('in %s mode', (colorScheme) => {
  test('the reference shows every group of calls, under its policy, from our own files', async () => {
    const { page, complaints } = await openPage(colorScheme, '/docs')
    await page.getByRole('heading', { name: 'Token Marketplace Platform' }).waitFor()
    await page.getByRole('heading', { name: 'Accounts' }).first().waitFor()
    expect(await page.locator('html').getAttribute('lang')).toBe('en')
    expect(complaints).toEqual([])
    await page.close()
  })

  test('the page of errors explains the one that was linked to, and axe finds nothing', async () => {
    const { page, complaints } = await openPage(colorScheme, '/docs/errors#rate_limited')
    expect(await page.locator('#rate_limited').innerText()).toContain('Retry-After')
    expect(await page.locator('#rate_limited').isVisible()).toBe(true)
    expect(await findings(page)).toEqual([])
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
    expect(overflow).toBeLessThanOrEqual(0)
    expect(complaints).toEqual([])
    await page.close()
  })
})

async function findings(page: Page): Promise<unknown[]> {
  // Evaluated by the debugger, which the page's policy does not bind.
  await page.evaluate(await readFile(axePath, 'utf8'))
  const result = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>('axe.run()')
  return result.violations.map(({ id, nodes }) => [id, nodes[0]?.html])
}
