import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { launchChromium } from './chromium.ts'

test('a browser is there on a fresh machine and runs a page from loopback', async () => {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>up</title><p id="made"></p><script>made.textContent = 6 * 7</script>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`)
    expect(await page.title()).toBe('up')
    expect(await page.textContent('#made')).toBe('42')
    expect(await page.evaluate(() => isSecureContext && typeof crypto.subtle.verify)).toBe('function')
  } finally {
    await browser.close()
    server.close()
  }
})
