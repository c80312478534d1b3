import { afterEach, expect, test, vi } from 'vitest'
import { type ClientOptions, createMarketplaceClient } from './client.ts'
import { createMemoryStorage, type Locks } from './credentials.ts'
import { MarketplaceProblem, SignedOut, Unreachable } from './problem.ts'

interface Seen {
  method: string
  path: string
  token: string | null
  key: string | null
  body: unknown
}

/** An API that rotates refresh tokens, ends a family when one is used twice, and can be told to fail. */
function createFakeApi() {
  const seen: Seen[] = []
  const failures: (number | 'no answer' | 'answer lost')[] = []
  let generation = 0
  let isFamilyAlive = true
  const pair = () => ({
    accessToken: `access-${generation}`,
    refreshToken: `refresh-${generation}`,
    tokenType: 'Bearer',
    expiresInSeconds: 900,
  })
  const json = (status: number, body?: unknown) =>
    new Response(body === undefined ? null : JSON.stringify(body), {
      status,
      headers: status === 503 ? { 'retry-after': '2' } : {},
    })
  const fetch: typeof globalThis.fetch = async (input, init = {}) => {
    const { pathname, search } = new URL(String(input))
    const headers = new Headers(init.headers)
    const body = init.body === undefined ? undefined : JSON.parse(String(init.body))
    const token = headers.get('authorization')?.replace('Bearer ', '') ?? null
    const path = pathname + search
    seen.push({ method: init.method ?? 'GET', path, token, key: headers.get('idempotency-key'), body })
    init.signal?.throwIfAborted()
    // As over a network: whoever asks at the same time does so before the first answer.
    await new Promise((resolve) => setImmediate(resolve))
    const failure = failures.shift()
    if (failure === 'no answer') throw new TypeError('fetch failed')
    if (typeof failure === 'number')
      return json(failure, { code: failure === 401 ? 'unauthenticated' : 'unavailable' })
    const user = { id: 'usr_1', email: 'ada@example.com', displayName: null, createdAt: '' }
    if (path === '/auth/login') {
      if (seen.filter((each) => each.path === path).length > 1) generation += 1
      return json(200, { user, ...pair() })
    }
    if (path === '/auth/logout') return json(204)
    if (path === '/auth/refresh') {
      if (!isFamilyAlive || body.refreshToken !== `refresh-${generation}`) {
        isFamilyAlive = false
        return json(401, { code: 'refresh_token_invalid' })
      }
      generation += 1
      if (failure === 'answer lost') throw new TypeError('fetch failed')
      return json(200, pair())
    }
    if (token !== null && token !== `access-${generation}`) return json(401, { code: 'unauthenticated' })
    if (path === '/tokens/purchase')
      return json(402, { code: 'insufficient_tokens', required: 2, title: 'No' })
    return json(200, { path })
  }
  return {
    seen,
    failures,
    isFamilyAlive: () => isFamilyAlive,
    fetch,
    paths: () => seen.map(({ path }) => path),
  }
}

/** Web Locks as the tabs of one browser share them. */
function createFakeLocks(): Locks {
  let turn: Promise<unknown> = Promise.resolve()
  return {
    request(_name, run) {
      const result = turn.then(run)
      turn = result.catch(() => undefined)
      return result
    },
  }
}

function setUp(options: Partial<ClientOptions> = {}) {
  const api = createFakeApi()
  const waited: number[] = []
  const clock = { now: 0 }
  const base: ClientOptions = {
    apiUrl: 'https://api.example/',
    fetch: api.fetch,
    storage: createMemoryStorage(),
    locks: createFakeLocks(),
    now: () => clock.now,
    sleep: async (ms) => void waited.push(ms),
    ...options,
  }
  return {
    api,
    waited,
    clock,
    client: createMarketplaceClient(base),
    tab: () => createMarketplaceClient(base),
  }
}
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})
const ada = { email: 'ada@example.com', password: 'correct horse' }

test('paths and queries are filled in and escaped', async () => {
  const { api, client } = setUp()
  await client.call('listProviders', { query: { q: 'a&b', category: undefined, limit: 5 } })
  await client.call('getProvider', { path: { id: '../x?y' } })
  expect(api.paths()).toEqual(['/providers?q=a%26b&limit=5', '/providers/..%2Fx%3Fy'])
})

test.each(['', '.', '..'])('an id of "%s" would be another call, and is none', async (id) => {
  const { api, client } = setUp()
  await expect(client.call('getProvider', { path: { id } })).rejects.toThrow(TypeError)
  expect(api.seen).toEqual([])
})

test('nobody signed in is said without asking the API', async () => {
  const { api, client } = setUp()
  await expect(client.call('getBalance')).rejects.toThrow(SignedOut)
  expect(api.seen).toEqual([])
})

test('a sign-in is shared by tabs, and told', async () => {
  const { client, tab } = setUp()
  const other = tab()
  let told = 0
  const stop = client.onSignInChange(() => {
    told += 1
  })
  expect(await client.signIn(ada)).toMatchObject({ id: 'usr_1' })
  expect(other.currentUser()).toMatchObject({ email: 'ada@example.com' })
  expect(other.refreshToken()).toBe('refresh-0')
  await client.signOut()
  expect([client.currentUser(), other.currentUser(), told]).toEqual([null, null, 2])
  stop()
  await client.signIn(ada)
  expect(told).toBe(2)
})

test('of many calls in many tabs one trades the refresh token', async () => {
  const { api, client, clock, tab } = setUp()
  await client.signIn(ada)
  clock.now += 880_000
  const tabs = [client, tab(), tab()]
  await Promise.all(tabs.flatMap((one) => [one.call('getBalance'), one.call('getProfile')]))
  expect(api.paths().filter((path) => path === '/auth/refresh')).toHaveLength(1)
  expect(new Set(api.seen.filter(({ method }) => method === 'GET').map(({ token }) => token))).toEqual(
    new Set(['access-1']),
  )
})

test('without Web Locks one tab does not race itself', async () => {
  const { api, client, clock } = setUp()
  const { client: alone } = setUp({ fetch: api.fetch, locks: undefined as never, now: () => clock.now })
  await alone.signIn(ada)
  clock.now += 880_000
  await Promise.all([alone.call('getBalance'), alone.call('getProfile'), alone.call('listSessions')])
  expect(api.paths().filter((path) => path === '/auth/refresh')).toHaveLength(1)
  expect(client.currentUser()).toBeNull()
})

test('a token the server refuses is traded once, and a dead sign-in is over', async () => {
  const { api, client } = setUp()
  await client.signIn(ada)
  api.failures.push(401)
  await client.call('getBalance')
  expect(api.paths()).toEqual(['/auth/login', '/tokens/balance', '/auth/refresh', '/tokens/balance'])
  api.failures.push(401, 401)
  await expect(client.call('getBalance')).rejects.toThrow(SignedOut)
  expect(client.currentUser()).toBeNull()
})

test('a refresh whose answer was lost is told, and not asked for again: that would end the sign-in in all tabs', async () => {
  const { api, client, clock, waited } = setUp()
  await client.signIn(ada)
  clock.now = 900_000
  api.failures.push('answer lost')
  await expect(client.call('getBalance')).rejects.toThrow(Unreachable)
  expect(api.paths()).toEqual(['/auth/login', '/auth/refresh'])
  expect(waited).toEqual([])
  expect(api.isFamilyAlive()).toBe(true)
  // Nor when it was refused in a way that a proxy chose.
  for (const status of [502, 503, 504]) {
    api.failures.push(status)
    await expect(client.call('getBalance')).rejects.toMatchObject({ status })
  }
  expect(api.paths().slice(2)).toEqual(['/auth/refresh', '/auth/refresh', '/auth/refresh'])
})

/** A client whose next refresh is answered when it is said, and which has just asked for it. */
async function setUpRefreshing() {
  const { api } = setUp()
  let answer = () => {}
  const isAnswered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const { client, clock, tab } = setUp({
    fetch: async (input, init) => {
      if (String(input).endsWith('/auth/refresh')) await isAnswered
      return api.fetch(input, init)
    },
  })
  await client.signIn(ada)
  clock.now = 900_000
  const call = client.call('getBalance')
  return { api, client, tab, call, answer }
}

test('signing out does not wait for an API that does not answer, and a refresh under way does not undo it', async () => {
  const { api, client, call, answer } = await setUpRefreshing()
  const isSignedOut = client.signOut()
  expect(client.currentUser()).toBeNull()
  answer()
  await expect(call).rejects.toThrow(SignedOut)
  await isSignedOut
  expect(client.currentUser()).toBeNull()
  expect(api.isFamilyAlive()).toBe(false)
})

test('a refresh of who left neither replaces nor signs out who signed in meanwhile', async () => {
  const { client, tab, call, answer } = await setUpRefreshing()
  const other = tab()
  const isSignedOut = other.signOut()
  await other.signIn({ ...ada, email: 'grace@example.com' })
  const token = other.refreshToken()
  answer()
  await expect(call).rejects.toThrow(SignedOut)
  await isSignedOut
  expect(client.refreshToken()).toBe(token)
})

test('a sign-out that the server’s clock refuses is told with a newer token', async () => {
  const { api, client } = setUp()
  await client.signIn(ada)
  api.failures.push(401)
  await client.signOut()
  expect(api.paths().slice(1)).toEqual(['/auth/logout', '/auth/refresh', '/auth/logout'])
})

const broken = () => {
  throw new DOMException('The quota has been exceeded.', 'QuotaExceededError')
}
const forbidden = { getItem: broken, setItem: broken, removeItem: broken }
test.each([
  ['has no methods, as in Node 25', {}],
  ['throws whatever is asked', forbidden],
])('a localStorage that %s is memory', async (_how, localStorage) => {
  vi.stubGlobal('localStorage', localStorage)
  const { client } = setUp({ storage: undefined as never })
  const told = vi.fn()
  client.onSignInChange(told)
  expect(await client.signIn(ada)).toMatchObject({ email: ada.email })
  expect(client.currentUser()?.email).toBe(ada.email)
  await client.call('getBalance')
  await client.signOut()
  expect(client.currentUser()).toBeNull()
  expect(told).toHaveBeenCalledTimes(2)
})

test('a full localStorage keeps no older token that another tab would use a second time', async () => {
  const storage = createMemoryStorage()
  const { api, client, clock, tab } = setUp({ storage })
  await client.signIn(ada)
  vi.spyOn(storage, 'setItem').mockImplementation(broken)
  clock.now = 900_000
  await client.call('getBalance')
  await expect(tab().call('getBalance')).rejects.toThrow(SignedOut)
  await client.call('getBalance')
  expect(api.paths().filter((path) => path === '/auth/refresh')).toHaveLength(1)
  // Room again, in whichever tab: one sign-in for all.
  vi.mocked(storage.setItem).mockRestore()
  await tab().signIn(ada)
  await client.signOut()
  expect(tab().currentUser()).toBeNull()
})

test('what creates something is asked for again under the same key', async () => {
  const { api, client, waited } = setUp()
  await client.signIn(ada)
  api.failures.push('no answer', 503)
  await client.call('createSession', { body: { providerId: 'prv_1', durationMinutes: 5 } })
  const keys = api.seen.filter(({ path }) => path === '/sessions').map(({ key }) => key)
  expect(keys).toHaveLength(3)
  expect(new Set(keys).size).toBe(1)
  expect(waited).toEqual([800, 2_000])
  await client.call('createSession', { body: { providerId: 'prv_1', durationMinutes: 5 } })
  await client.call(
    'createSession',
    { body: { providerId: 'prv_1', durationMinutes: 5 } },
    { idempotencyKey: 'mine' },
  )
  const later = api.seen.slice(-2).map(({ key }) => key)
  expect(later[0]).not.toBe(keys[0])
  expect(later[1]).toBe('mine')
})

test('what is not safe to repeat is not, and patience ends', async () => {
  const { api, client, waited } = setUp()
  api.failures.push('no answer')
  await expect(client.signIn(ada)).rejects.toThrow(Unreachable)
  expect(api.seen).toHaveLength(1)
  api.failures.push('no answer', 'no answer', 'no answer')
  await expect(client.call('listPackages')).rejects.toThrow(Unreachable)
  expect([api.seen.length, waited]).toEqual([4, [800, 1_600]])
})

test('a refusal carries its code and numbers, and is not repeated', async () => {
  const { api, client } = setUp()
  await client.signIn(ada)
  const refused = await client.call('createPurchase', { body: { tokens: 100 } }).catch((error) => error)
  expect(refused).toBeInstanceOf(MarketplaceProblem)
  expect(refused).toMatchObject({ status: 402, code: 'insufficient_tokens', required: 2, message: 'No' })
  expect(api.seen).toHaveLength(2)
})

test('a call that is called off stays off', async () => {
  const { api, client } = setUp()
  const signal = AbortSignal.abort(new Error('left the page'))
  await expect(client.call('listPackages', {}, { signal })).rejects.toThrow('left the page')
  expect(api.seen).toHaveLength(1)
})

test('a call that is called off ends at once, also while it waits to be tried again', async () => {
  const { api, client } = setUp({ sleep: () => new Promise(() => {}) })
  api.failures.push('no answer')
  const leaving = new AbortController()
  const call = client.call('listPackages', {}, { signal: leaving.signal })
  await vi.waitFor(() => expect(api.failures).toEqual([]))
  leaving.abort(new Error('left the page'))
  await expect(call).rejects.toThrow('left the page')
  expect(api.seen).toHaveLength(1)
})

test('a call can be called off where signals cannot be joined, as in Safari 17.3 and Node 20.2', async () => {
  vi.spyOn(AbortSignal, 'any').mockImplementation(() => {
    throw new TypeError('AbortSignal.any is not a function')
  })
  const { client } = setUp()
  const { signal } = new AbortController()
  expect(await client.call('listPackages', {}, { signal })).toEqual({ path: '/tokens/packages' })
})

test('a page that is not secure has no randomUUID, and its calls have keys all the same', async () => {
  const { api, client } = setUp()
  await client.signIn(ada)
  vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) })
  await client.call('createSession', { body: { providerId: 'prv_1', durationMinutes: 5 } })
  await client.call('createSession', { body: { providerId: 'prv_1', durationMinutes: 5 } })
  const keys = api.seen.slice(-2).map(({ key }) => key)
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
  expect(keys[0]).not.toBe(keys[1])
})

test('a page that answers in the place of the API is no answer', async () => {
  const { client } = setUp({ fetch: async () => new Response('<h1>Sign in to the hotel’s network</h1>') })
  await expect(client.call('listPackages')).rejects.toThrow(Unreachable)
  await expect(client.signIn(ada)).rejects.toThrow(Unreachable)
  expect(client.currentUser()).toBeNull()
})

test('what a proxy says instead of JSON is a problem all the same', async () => {
  const { client } = setUp({ fetch: async () => new Response('<h1>Bad gateway</h1>', { status: 400 }) })
  await expect(client.call('listPackages')).rejects.toMatchObject({ status: 400, code: 'unknown' })
})

test('types say what an operation takes and answers', () => {
  const { client } = setUp()
  const use = () => {
    // @ts-expect-error: minutes are a number
    void client.call('createSession', { body: { providerId: 'prv_1', durationMinutes: '5' } })
    // @ts-expect-error: an id is needed
    void client.call('getSession')
    // @ts-expect-error: there is no such operation
    void client.call('makeMoney')
    void client.call('getBalance').then(({ available }) => available.toFixed())
    void client.call('getSession', { path: { id: 'ses_1' } }).then(({ status }) => {
      // @ts-expect-error: a session is never that
      return status === 'sleeping'
    })
  }
  expect(use).toBeTypeOf('function')
})
