/**
 * What is wrong with a page to look at: axe, in light and in dark, and whether a phone is wide enough for it.
 *
 * @module
 */
import { mkdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Page } from 'playwright-core'

const axeScript = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
/** Give a folder to look at every page: `SCREENSHOTS=folder npx vitest run --project browser pages`. */
const screenshots = process.env.SCREENSHOTS
/** The narrowest phone that is looked after. */
const PHONE_PX = 360
/** What may differ between a light page and a dark one; everything else is in the markup. */
const OF_COLOURS = ['color-contrast', 'link-in-text-block']

let axe: Promise<string> | undefined

/** Leaves the page as it was: light, and as wide. */
export async function inspectPage(page: Page, name: string): Promise<string[]> {
  const found = (await findings(page)).map((finding) => `${name}, light: ${finding}`)
  await look(page, `${name}-light`)
  await page.emulateMedia({ colorScheme: 'dark' })
  found.push(...(await findings(page, OF_COLOURS)).map((finding) => `${name}, dark: ${finding}`))
  await look(page, `${name}-dark`)
  const size = page.viewportSize()!
  await page.setViewportSize({ width: PHONE_PX, height: 800 })
  const width = await page.evaluate(() => document.documentElement.scrollWidth)
  if (width > PHONE_PX) found.push(`${name}: ${width} px wide`)
  await look(page, `${name}-${PHONE_PX}`)
  await page.setViewportSize(size)
  await page.emulateMedia({ colorScheme: 'light' })
  return found
}

/** @param rules all of them where not said */
async function findings(page: Page, rules?: string[]): Promise<string[]> {
  axe ??= readFile(axeScript, 'utf8')
  // By the debugger, because the pages' policy lets no foreign script in. Reading it takes longer than a run of it.
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(await axe)
  const options = JSON.stringify({ resultTypes: ['violations'], ...(rules && { runOnly: rules }) })
  // React Aria's own region says for a while what was said of a button, which may be gone.
  const where = "{ exclude: '[data-live-announcer]' }"
  const violations = await page.evaluate(
    `axe.run(${where}, ${options}).then((results) => results.violations)`,
  )
  return (violations as { id: string; nodes: { html: string; failureSummary: string }[] }[]).map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`,
  )
}

async function look(page: Page, name: string): Promise<void> {
  if (!screenshots) return
  await mkdir(screenshots, { recursive: true })
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true })
}
