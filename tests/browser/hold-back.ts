import type { Page } from 'playwright-core'

/**
 * Keeps the answer to the next such call on its way: it is given, and arrives when it is let go.
 *
 * @example
 * const saved = await holdBack(page, 'PUT', address)
 * await page.getByRole('button', { name: 'Save' }).click()
 * await saved.given
 * await saved.letGo()
 */
export async function holdBack(page: Page, method: string, url: string) {
  const [given, go, arrived] = [promise(), promise(), promise()]
  let isHeld = false
  await page.route(url, async (route) => {
    if (isHeld || route.request().method() !== method) return route.fallback()
    isHeld = true
    const response = await route.fetch()
    given.resolve()
    await go.promise
    await route.fulfill({ response })
    arrived.resolve()
  })
  return {
    given: given.promise,
    letGo: async () => {
      go.resolve()
      await arrived.promise
      // What the page does with it is done by the next frame.
      await page.evaluate(() => new Promise(requestAnimationFrame))
    },
  }
}

const promise = () => Promise.withResolvers<void>()
