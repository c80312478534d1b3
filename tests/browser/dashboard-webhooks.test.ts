import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DashboardStack, type Person, startDashboardStack, watchComplaints } from './dashboard-stack.ts'

let stack: DashboardStack
let owner: Person
let page: Page
let complaints: string[]
let providerId: string

beforeAll(async () => {
  stack = await startDashboardStack()
  owner = await stack.register('lise@example.com')
  const { id } = await stack.call<{ id: string }>('POST', '/providers', {
    token: owner.accessToken,
    body: {
      name: 'Fokus',
      description: '',
      category: 'productivity',
      launchUrl: `${stack.appUrl}/`,
      allowedOrigins: [stack.appUrl],
      tokensPerMinute: 4,
    },
  })
  providerId = id
  const context = await stack.newContext({ person: owner })
  complaints = watchComplaints(context)
  page = await context.newPage()
})
afterAll(() => stack?.close())

const button = (name: string) => page.getByRole('button', { name, exact: true })

test('sends all events of some days again, and reads beside the field why a range is too long', async () => {
  const endpoint = await stack.call<{ id: string; secret: string }>(
    'POST',
    `/providers/${providerId}/webhook-endpoints`,
    { token: owner.accessToken, body: { url: stack.webhookUrl, events: ['provider.price_changed'] } },
  )
  stack.setSecret(endpoint.secret)
  for (const tokensPerMinute of [5, 6]) {
    const body = { tokensPerMinute }
    await stack.call('PATCH', `/providers/${providerId}`, { token: owner.accessToken, body })
  }
  await expect.poll(() => stack.received.length).toBe(2)

  await page.goto(`${stack.url}/dashboard/providers/${providerId}/webhooks/${endpoint.id}`)
  await button('Replay').click()
  const dialog = page.getByRole('dialog', { name: 'Send again' })
  await dialog.getByRole('radio', { name: 'Everything' }).check({ force: true })
  const from = dialog.getByLabel('From')
  const lastWeek = await from.inputValue()
  await from.fill('2025-01-01')
  await dialog.getByRole('button', { name: 'Send again' }).click()
  await dialog.getByText('must be after from, by at most 31 days').waitFor()
  await from.fill(lastWeek)
  await dialog.getByRole('button', { name: 'Send again' }).click()
  await dialog.waitFor({ state: 'detached' })

  await expect.poll(() => stack.received.length).toBe(4)
  expect(stack.received.every(({ isVerified }) => isVerified)).toBe(true)
  const ids = stack.received.map(({ id }) => id)
  expect(new Set(ids.slice(2))).toEqual(new Set(ids.slice(0, 2)))
  // The range that was refused is the one complaint of the browser.
  expect(complaints.filter((text) => !text.includes('400'))).toEqual([])
})
