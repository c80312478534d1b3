import { createHash } from 'node:crypto'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rollUpActivity } from '../../apps/api/src/analytics/roll-up-activity.ts'
import { PUBLIC_TENANT_ID } from '../../apps/api/src/id.ts'
import { accessTokenOf, addUser } from '../../apps/api/test/harness.ts'
import { openSession } from '../../apps/api/test/play.ts'
import { type DashboardStack, type Person, startDashboardStack, watchComplaints } from './dashboard-stack.ts'
import { inspectPage } from './inspect-page.ts'

const INVITATION_TOKEN = 'tml_of_a_test'
const DAYS_PLAYED = 12
const DAY_MS = 86_400_000

let stack: DashboardStack
let owner: Person
let newcomer: Person
let operator: Person
let providerId: string
let waitingId: string
let endpointId: string

interface Seen {
  name: string
  path: () => string
  /** What shows that the page is there. */
  ready: string
  who?: () => Person
  prepare?: (page: Page) => Promise<unknown>
}

const ofApp = (path: string) => () => `/providers/${providerId}${path}`
const press = (name: string) => (page: Page) => page.getByRole('button', { name }).first().click()
const ask = (name: string) => async (page: Page) => {
  await press(name)(page)
  // React Aria shows it a frame after it is there, and keeps it transparent until then.
  await page.locator('.overlay:not([style*="opacity: 0"]) [role=dialog]').waitFor()
}

const pages: Seen[] = [
  { name: 'overview', path: ofApp(''), ready: '.funnel' },
  { name: 'overview-waiting', path: () => `/providers/${waitingId}`, ready: '.funnel', who: () => newcomer },
  { name: 'integrate', path: ofApp('/integrate'), ready: '.code' },
  {
    name: 'integrate-waiting',
    path: () => `/providers/${waitingId}/integrate`,
    ready: '.code',
    who: () => newcomer,
    prepare: async (page) => {
      await page.getByRole('button', { name: /^Start .*test session/ }).click()
      await page.getByText('Open your app').waitFor()
    },
  },
  { name: 'sessions', path: ofApp('/sessions'), ready: 'tbody tr' },
  {
    name: 'sessions-empty',
    path: () => `/providers/${waitingId}/sessions?kind=paid`,
    ready: '.empty',
    who: () => newcomer,
  },
  { name: 'analytics', path: ofApp('/analytics?days=30'), ready: '.retention' },
  { name: 'earnings', path: ofApp('/earnings'), ready: '.ledger' },
  { name: 'webhooks', path: ofApp('/webhooks'), ready: 'tbody tr' },
  { name: 'webhook-new', path: ofApp('/webhooks'), ready: 'tbody tr', prepare: ask('Add an endpoint') },
  { name: 'webhook', path: () => ofApp(`/webhooks/${endpointId}`)(), ready: 'tbody tr' },
  {
    name: 'delivery',
    path: () => ofApp(`/webhooks/${endpointId}`)(),
    ready: 'tbody tr',
    prepare: ask('Show '),
  },
  {
    name: 'webhook-replay',
    path: () => ofApp(`/webhooks/${endpointId}`)(),
    ready: 'tbody tr',
    prepare: ask('Replay'),
  },
  { name: 'keys', path: ofApp('/keys'), ready: 'tbody tr' },
  { name: 'key-new', path: ofApp('/keys'), ready: 'tbody tr', prepare: ask('Make a key') },
  { name: 'appearance', path: ofApp('/appearance'), ready: '.preview' },
  { name: 'team', path: ofApp('/team'), ready: 'section tbody tr' },
  { name: 'team-invite', path: ofApp('/team'), ready: 'tbody tr', prepare: ask('Invite somebody') },
  { name: 'team-role', path: ofApp('/team'), ready: 'tbody tr', prepare: ask('Change role') },
  {
    name: 'team-transfer',
    path: ofApp('/team'),
    ready: 'tbody tr',
    prepare: ask('Make primary owner'),
  },
  { name: 'team-viewer', path: ofApp('/team'), ready: 'tbody tr', who: () => newcomer },
  { name: 'keys-viewer', path: ofApp('/keys'), ready: 'tbody tr', who: () => newcomer },
  { name: 'account', path: () => '/account', ready: 'tbody tr' },
  {
    name: 'account-delete',
    path: () => '/account',
    ready: 'tbody tr',
    prepare: ask('Delete the account'),
  },
  { name: 'settings', path: ofApp('/settings'), ready: 'form' },
  {
    name: 'settings-wrong',
    path: ofApp('/settings'),
    ready: 'form',
    prepare: async (page) => {
      await page.getByLabel('Launch address').fill('javascript:alert(1)')
      await press('Save')(page)
      await page.locator('.wrong').first().waitFor()
    },
  },
  { name: 'new', path: () => '/new', ready: 'form', who: () => newcomer },
  { name: 'nothing', path: () => '/providers/prv_nothing', ready: 'h1' },
  { name: 'health', path: () => '/operator', ready: 'tbody tr', who: () => operator },
  { name: 'review', path: () => '/operator/review', ready: '.cards', who: () => operator },
  {
    name: 'review-changed',
    path: () => '/operator/review?status=changed',
    ready: '.cards',
    who: () => operator,
  },
  { name: 'search', path: () => '/operator/search', ready: 'form', who: () => operator },
  {
    name: 'search-person',
    path: () => '/operator/search?q=lise@example.com',
    ready: '.empty',
    who: () => operator,
  },
  {
    name: 'search-person-sign-out',
    path: () => '/operator/search?q=lise@example.com',
    ready: '.empty',
    who: () => operator,
    prepare: ask('Sign out everywhere'),
  },
  {
    name: 'search-app',
    path: () => `/operator/search?q=${providerId}`,
    ready: 'tbody tr',
    who: () => operator,
  },
  { name: 'payouts', path: () => '/operator/payouts', ready: '.empty', who: () => operator },
  { name: 'audit', path: () => '/operator/audit', ready: 'tbody tr', who: () => operator },
  {
    name: 'review-suspend',
    path: () => '/operator/review',
    ready: '.cards',
    who: () => operator,
    prepare: ask('Suspend'),
  },
]
const openPages: Seen[] = [
  { name: 'sign-in', path: () => '/sign-in', ready: 'form' },
  { name: 'register', path: () => '/register', ready: 'form' },
  { name: 'invitation', path: () => `/invitation#token=${INVITATION_TOKEN}`, ready: 'form' },
  { name: 'invitation-gone', path: () => '/invitation#token=tml_nothing', ready: '.is-problem' },
]

beforeAll(async () => {
  stack = await startDashboardStack()
  owner = await stack.register('lise@example.com')
  newcomer = await stack.register('a.person.with.a.very.long.address@subdomain.of.example.com')
  operator = await stack.register('operator@example.com', { isOperator: true })
  providerId = await registerApp(owner, 'Fokus')
  waitingId = await registerApp(
    newcomer,
    'Ein außergewöhnlich langer Name, <script>alert(1)</script> heißt die App',
  )
  await stack.call('POST', `/providers/${providerId}/approve`, { token: operator.accessToken })
  await stack.call('PATCH', `/providers/${waitingId}`, {
    token: newcomer.accessToken,
    body: { status: 'in_review' },
  })
  const endpoint = await stack.call<{ id: string }>('POST', `/providers/${providerId}/webhook-endpoints`, {
    token: owner.accessToken,
    body: { url: stack.webhookUrl, events: ['*'] },
  })
  endpointId = endpoint.id
  for (const mode of ['live', 'test']) {
    await stack.call('POST', `/providers/${providerId}/api-keys`, {
      token: owner.accessToken,
      body: { name: `Server, ${mode}`, scopes: ['sessions:read', 'analytics:read'], mode },
    })
  }
  await playDays()
  await addTeam()
})
afterAll(() => stack?.close())

async function registerApp({ accessToken }: Person, name: string): Promise<string> {
  const { id } = await stack.call<{ id: string }>('POST', '/providers', {
    token: accessToken,
    body: {
      name,
      description: 'Work in stretches of 25 minutes.\nOne thing at a time, and a quiet bell at the end.',
      category: 'productivity',
      launchUrl: `${stack.appUrl}/`,
      allowedOrigins: [stack.appUrl],
      tokensPerMinute: 4,
    },
  })
  return id
}

/** A viewer, somebody invited, and changes that wait for an operator. */
async function addTeam(): Promise<void> {
  const token = await accessTokenOf(stack.api, owner.id)
  await stack.call('PATCH', `/providers/${providerId}`, {
    token,
    body: {
      description: 'Work in stretches of 25 minutes. <script>alert(1)</script>',
      launchUrl: 'https://fokus.example.com/app',
      allowedOrigins: ['https://fokus.example.com', stack.appUrl],
    },
  })
  const email = 'somebody.with.a.long.address@another.subdomain.of.example.com'
  const body = { email, role: 'developer' }
  const invited = await stack.call<{ id: string }>('POST', `/providers/${providerId}/invitations`, {
    token,
    body,
  })
  const { db } = stack.api.deps
  await db.batch.query('update provider_invitations set token_hash = $2 where id = $1', [
    invited.id,
    createHash('sha256').update(INVITATION_TOKEN).digest(),
  ])
  await db.inTenant(PUBLIC_TENANT_ID, (tx) =>
    tx.query(
      `insert into provider_members (provider_id, user_id, role, created_at) values ($1, $2, 'viewer', $3)`,
      [providerId, newcomer.id, stack.api.clock.now()],
    ),
  )
}

/** Some days of use, up to now: sessions that end in all kinds of ways, and some that run. */
async function playDays(): Promise<void> {
  const { api } = stack
  const now = api.clock.now().getTime()
  api.clock.advance({ ms: -DAYS_PLAYED * DAY_MS })
  const people = await Promise.all(Array.from({ length: 4 }, () => addUser(api, { tokens: 100_000 })))
  const user = people[0]!
  // Somebody came weeks before, so that there are many columns of who came back.
  api.clock.advance({ ms: -35 * DAY_MS })
  await openSession({ api, user, providerId }, { minutes: 5 })
  api.clock.advance({ ms: 35 * DAY_MS })
  for (let day = 0; day < DAYS_PLAYED; day += 1) {
    await fetchListing(`Mozilla/5.0 (visitor of day ${day})`)
    for (let nth = 0; nth < 1 + (day % 4); nth += 1) {
      await fetchListing(`Mozilla/5.0 (visitor ${nth} of day ${day})`)
      const user = people[nth]!
      const play = await openSession({ api, user, providerId }, { minutes: 30, validate: nth !== 2 })
      if (nth === 2) continue
      await api.call('POST', `/api/v1/sessions/${play.sessionId}/exposures`, {
        token: play.sessionJwt,
        body: { experiment: 'toolbar', variant: (day + nth) % 2 ? 'top' : 'side' },
      })
      await play.use(60 * (2 + ((day * 3) % 9)))
      if (nth !== 3) await play.call('complete')
    }
    api.clock.advance({ ms: now - (DAYS_PLAYED - day - 1) * DAY_MS - api.clock.now().getTime() })
  }
  const running = await openSession({ api, user, providerId }, { minutes: 45 })
  await running.beat()
  await openSession({ api, user, providerId }, { minutes: 20, validate: false })
  await rollUpActivity(api.deps.db, { now: api.clock.now() })
  // An app that stands out, as the hourly look would note it.
  await api.deps.db.batch.query(
    `insert into unusual_providers (tenant_id, provider_id, ended, instantly_completed, usual_share, noticed_at)
     select tenant_id, id, 310, 201, 0.021, $2 from providers where id = $1`,
    [waitingId, api.clock.now()],
  )
}

/** Somebody looks at the listing. */
const fetchListing = (agent: string) =>
  stack.api.call('GET', `/providers/${providerId}`, { headers: { 'user-agent': agent } })

/** Where the pages' own links would lead: without loading all of the dashboard for each. */
async function open(page: Page, { path, ready, prepare }: Seen): Promise<void> {
  await page.evaluate(
    async (addresses) => {
      for (const address of addresses) {
        history.pushState(null, '', address)
        dispatchEvent(new PopStateEvent('popstate'))
        await new Promise(requestAnimationFrame)
      }
    },
    // By way of another page, so that nothing is left of the last one: it may have been the same, with a dialog open.
    ['/dashboard/nowhere', `/dashboard${path()}`],
  )
  await page.locator(ready).first().waitFor()
  await prepare?.(page)
}

/** Goes over every page, in one tab for each person. Gives what the browser complained of. */
async function walk(visit: (page: Page, name: string) => Promise<unknown>): Promise<string[]> {
  const tabs = new Map<Person | undefined, Page>()
  const complaints: string[][] = []
  for (const seen of [...pages, ...openPages]) {
    const person = openPages.includes(seen) ? undefined : (seen.who ?? (() => owner))()
    let page = tabs.get(person)
    if (!page) {
      const context = await stack.newContext({ width: 1280, ...(person && { person }) })
      complaints.push(watchComplaints(context))
      page = await context.newPage()
      await page.goto(`${stack.url}/dashboard/nowhere`)
      await page.locator('h1').waitFor()
      tabs.set(person, page)
    }
    await open(page, seen)
    await visit(page, seen.name)
  }
  for (const page of tabs.values()) await page.context().close()
  return complaints.flat()
}

test('axe finds nothing on any page, light or dark, the policy refuses nothing, and 360 px are enough', async () => {
  const found: string[] = []
  const complaints = await walk(async (page, name) => found.push(...(await inspectPage(page, name))))
  expect(found).toEqual([])
  expect(complaints).toEqual([])
})

test('where no colour was chosen, swatches show what the dialog has, on a light page and a dark one', async () => {
  const context = await stack.newContext({ width: 1280, person: owner })
  const page = await context.newPage()
  await page.goto(`${stack.url}/dashboard${ofApp('/appearance')()}`)
  const seen: string[] = []
  for (const scheme of ['Light', 'Dark']) {
    await page.getByRole('radio', { name: scheme, exact: true }).check({ force: true })
    const shown = await page.locator('.preview > div').evaluate((host) => {
      const hexOf = (selector: string) => {
        const rgb = getComputedStyle(host.shadowRoot!.querySelector(selector)!).backgroundColor
        return `#${rgb
          .match(/\d+/g)!
          .map((channel) => Number(channel).toString(16).padStart(2, '0'))
          .join('')}`
      }
      return [hexOf('button'), hexOf('dialog')]
    })
    const swatches = [page.getByLabel('Main button'), page.getByLabel('Background')]
    expect(await Promise.all(swatches.map((swatch) => swatch.inputValue()))).toEqual(shown)
    seen.push(...shown)
  }
  expect(seen[0]).not.toBe(seen[2])
  await context.close()
})
