import { afterAll, beforeAll, expect, test } from 'vitest'
import { captureLog } from '../../test/captured-log.ts'
import { accessTokenOf, addUser, startTestApi, type TestApi } from '../../test/harness.ts'
import { escapeHtml } from '../http/page.ts'
import { receiveUndeliveredEventsTask, reconcilePurchasesTask } from './jobs.ts'
import { renderSandboxPage } from './sandbox-page.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

async function begin() {
  const { id: userId, token } = await addUser(api)
  const { body } = await api.call('POST', '/tokens/purchase', { token, body: { tokens: 1_000 } })
  const url = new URL(body.checkoutUrl)
  return {
    userId,
    token,
    id: body.purchase.id as string,
    path: url.pathname + url.search,
    secret: url.searchParams.get('token')!,
  }
}

const press = (id: string, form: Record<string, string>) =>
  api.call('POST', `/sandbox/checkout/${id}`, {
    text: new URLSearchParams(form).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })

async function stateOf({ token, id }: { token: string; id: string }) {
  const purchase = await api.call('GET', `/tokens/purchases/${id}`, { token })
  const balance = await api.call('GET', '/tokens/balance', { token })
  return [purchase.body.status, balance.body.total]
}

test('Pay credits the tokens and goes back to the marketplace', async () => {
  const purchase = await begin()
  const page = await api.call('GET', purchase.path)
  expect(page.status).toBe(200)
  expect(page.headers['content-type']).toContain('text/html')
  expect(page.text).toContain('1,000 tokens')
  expect(page.text).toContain('Pay $9.50')
  const paid = await press(purchase.id, { token: purchase.secret, action: 'pay' })
  expect(paid.status).toBe(303)
  expect(paid.headers.location).toBe(`http://localhost:4001/?purchase=${purchase.id}&result=success`)
  expect(await stateOf(purchase)).toEqual(['paid', 1_000])
  // A second click, and a look back.
  expect((await press(purchase.id, { token: purchase.secret, action: 'pay' })).status).toBe(303)
  expect(await stateOf(purchase)).toEqual(['paid', 1_000])
  const after = await api.call('GET', purchase.path)
  expect(after.text).toContain('is paid')
  expect(after.text).not.toContain('<form')
})

test('a page that nobody pressed anything on stays open, however late it is', async () => {
  const purchase = await begin()
  api.clock.advance({ hours: 72 })
  const { log, logged } = captureLog()
  await reconcilePurchasesTask({ ...api.deps, log })({}, {} as never)
  await receiveUndeliveredEventsTask({ ...api.deps, log })({}, {} as never)
  expect(logged()).toBe('')
  expect(await stateOf({ ...purchase, token: await accessTokenOf(api, purchase.userId) })).toEqual([
    'pending',
    0,
  ])
  await press(purchase.id, { token: purchase.secret, action: 'pay' })
  expect(await stateOf({ ...purchase, token: await accessTokenOf(api, purchase.userId) })).toEqual([
    'paid',
    1_000,
  ])
})

test('Cancel fails the purchase and charges nothing', async () => {
  const purchase = await begin()
  const cancelled = await press(purchase.id, { token: purchase.secret, action: 'cancel' })
  expect(cancelled.headers.location).toBe(`http://localhost:4001/?purchase=${purchase.id}&result=cancelled`)
  expect(await stateOf(purchase)).toEqual(['failed', 0])
})

test('twenty clicks at once credit once', async () => {
  const purchase = await begin()
  const form = { token: purchase.secret, action: 'pay' }
  const answers = await Promise.all(Array.from({ length: 20 }, () => press(purchase.id, form)))
  expect(answers.every(({ status }) => status === 303)).toBe(true)
  expect(await stateOf(purchase)).toEqual(['paid', 1_000])
})

test('without its address nobody sees or pays a purchase', async () => {
  const [mine, theirs] = [await begin(), await begin()]
  for (const secret of ['x', theirs.secret, `${mine.secret}x`]) {
    expect((await api.call('GET', `/sandbox/checkout/${mine.id}?token=${secret}`)).status).toBe(404)
    expect((await press(mine.id, { token: secret, action: 'pay' })).status).toBe(404)
  }
  expect((await api.call('GET', `/sandbox/checkout/${mine.id}`)).status).toBe(400)
  expect((await press(mine.id, { token: mine.secret, action: 'steal' })).status).toBe(400)
  expect((await press(mine.id, { token: mine.secret, action: 'pay', amount: '1' })).status).toBe(400)
  expect(await stateOf(mine)).toEqual(['pending', 0])
})

test('the page runs no script, is framed by nobody and posts to nobody else', async () => {
  const { path } = await begin()
  const { headers, text } = await api.call('GET', path)
  const csp = String(headers['content-security-policy'])
  expect(csp).toContain("default-src 'none'")
  expect(csp).toContain("form-action 'self' http://localhost:4001")
  expect(csp).toContain("frame-ancestors 'none'")
  expect(csp).not.toContain('unsafe-inline')
  expect(text).not.toMatch(/<script|javascript:| on[a-z]+=| style=/i)
  expect(text).toContain('<html lang="en">')
  expect(text).toContain('name="viewport"')
  expect(headers['cache-control']).toBe('no-store')
})

test('whatever stands in a purchase is shown as text', () => {
  const evil = '"><script>alert(1)</script>'
  const { html } = renderSandboxPage({
    purchase: {
      id: evil,
      status: 'pending',
      tokens: 50,
      amountCents: 50,
      currency: 'usd',
      discountPercent: 0,
      createdAt: api.clock.now(),
    },
    token: evil,
    backUrl: evil,
    marketplaceUrl: 'http://localhost:4001',
  })
  expect(html).not.toContain('<script')
  expect(escapeHtml(`<&>"'`)).toBe('&lt;&amp;&gt;&quot;&#39;')
})

test('a currency without hundredths is shown as it is', () => {
  const purchase = { id: 'pur_1', status: 'pending' as const, tokens: 50, amountCents: 500, currency: 'jpy' }
  const { html } = renderSandboxPage({
    purchase: { ...purchase, discountPercent: 0, createdAt: api.clock.now() },
    token: 't',
    backUrl: 'http://localhost:4001/',
    marketplaceUrl: 'http://localhost:4001',
  })
  expect(html).toContain('¥500')
})

test('the sandbox is no part of the documented API, and there is none in production', async () => {
  expect((await api.call('GET', '/openapi.json')).text).not.toContain('/sandbox')
  const production = await startTestApi({ config: { isProduction: true } })
  try {
    expect((await production.call('GET', `/sandbox/checkout/pur_${'0'.repeat(26)}?token=x`)).status).toBe(404)
    expect((await production.call('POST', `/sandbox/checkout/pur_${'0'.repeat(26)}`)).body.code).toBe(
      'not_found',
    )
  } finally {
    await production.close()
  }
})
