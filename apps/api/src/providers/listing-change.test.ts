import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { accessTokenOf, addUser, startTestApi, type TestApi, type TestUser } from '../../test/harness.ts'
import { createTasks } from '../worker.ts'

const OLD = 'https://typing.example.com'
const NEW = 'https://typing.example.net'
const app = {
  name: 'Typing test',
  description: 'Type faster.',
  category: 'education',
  launchUrl: `${OLD}/start`,
  allowedOrigins: [OLD],
  tokensPerMinute: 3,
}

let api: TestApi
let owner: TestUser
let operator: TestUser
let id: string

beforeAll(async () => {
  api = await startTestApi({ env: { PROVIDER_REVIEW: 'manual' } })
})
afterAll(() => api.close())

beforeEach(async () => {
  owner = await addUser(api)
  operator = await addUser(api, { isOperator: true })
  id = (await api.call('POST', '/providers', { token: owner.token, body: app })).body.id
  await api.call('POST', `/providers/${id}/approve`, { token: operator.token })
})

const patch = (body: object) => api.call('PATCH', `/providers/${id}`, { token: owner.token, body })
const shown = async () => (await api.call('GET', `/providers/${id}`)).body
const waiting = async () => {
  const { body } = await api.call('GET', '/operators/listing-changes?limit=100', { token: operator.token })
  return body.items.find(({ provider }: { provider: { id: string } }) => provider.id === id)
}
const decide = async (verb: 'approve' | 'reject', more: object = {}) => {
  const updatedAt = (await waiting())?.provider.updatedAt ?? api.clock.now().toISOString()
  return api.call('POST', `/operators/providers/${id}/changes/${verb}`, {
    token: operator.token,
    body: { updatedAt, ...more },
  })
}

describe('texts of a listed provider', () => {
  test('are live at once, and an operator is shown what they were', async () => {
    await patch({ name: 'Win tokens', iconUrl: 'https://typing.example.com/i.svg' })
    expect((await shown()).name).toBe('Win tokens')
    expect(await waiting()).toMatchObject({
      provider: { name: 'Win tokens', heldAddresses: null },
      textsBefore: { name: 'Typing test', description: 'Type faster.', category: 'education', iconUrl: null },
    })
    expect((await decide('approve')).status).toBe(200)
    expect(await waiting()).toBeUndefined()
    expect((await shown()).name).toBe('Win tokens')
  })

  test('are put back with a reason when an operator takes the change back', async () => {
    await patch({ name: 'Win tokens' })
    const rejected = await decide('reject', { reason: 'It is a typing test.' })
    expect(rejected.body).toMatchObject({ name: 'Typing test', reviewNote: 'It is a typing test.' })
    expect((await shown()).name).toBe('Typing test')
  })

  test('changed twice are compared with what was approved; changed back, nothing waits', async () => {
    await patch({ name: 'One' })
    const { changedSince } = await waiting()
    api.clock.advance({ seconds: 1 })
    await patch({ name: 'Two' })
    expect(await waiting()).toMatchObject({ textsBefore: { name: 'Typing test' }, changedSince })
    await patch({ name: 'Typing test' })
    expect(await waiting()).toBeUndefined()
  })

  test('what an operator did not see is not decided: no swap between look and click', async () => {
    await patch({ name: 'Harmless' })
    const { updatedAt } = (await waiting()).provider
    api.clock.advance({ seconds: 1 })
    await patch({ name: 'Harmful' })
    const late = await decide('approve', { updatedAt })
    expect([late.status, late.body.code]).toEqual([409, 'listing_change_gone'])
    expect(await waiting()).toBeDefined()
  })

  test('a price needs nobody: it is announced and not queued', async () => {
    expect((await patch({ tokensPerMinute: 9 })).body.tokensPerMinute).toBe(9)
    expect(await waiting()).toBeUndefined()
  })
})

describe('addresses of a listed provider', () => {
  const moved = { launchUrl: `${NEW}/start`, allowedOrigins: [NEW] }

  test('of an origin that was looked at are live at once', async () => {
    expect((await patch({ launchUrl: `${OLD}/other` })).body).toMatchObject({
      launchUrl: `${OLD}/other`,
      heldAddresses: null,
    })
    expect(await waiting()).toBeUndefined()
  })

  test.each([
    ['another host', moved],
    ['another port', { launchUrl: `${OLD}:8443/start` }],
    ['one more origin', { allowedOrigins: [OLD, NEW] }],
    ['sandboxed pages', { allowedOrigins: [OLD, 'null'] }],
  ])('of %s wait, and the old ones count until then', async (_what, change) => {
    const answer = await patch({ ...change, tokensPerMinute: 5 })
    expect(answer.body).toMatchObject({
      launchUrl: app.launchUrl,
      allowedOrigins: app.allowedOrigins,
      tokensPerMinute: 5,
      heldAddresses: { launchUrl: app.launchUrl, allowedOrigins: app.allowedOrigins, ...change },
    })
    expect((await shown()).launchUrl).toBe(app.launchUrl)
    expect((await waiting()).provider.heldAddresses).toMatchObject(change)
    const approved = await decide('approve')
    expect(approved.body).toMatchObject({ ...app, ...change, tokensPerMinute: 5, heldAddresses: null })
  })

  test('stay asked for while something else changes, and are dropped by asking for the old ones', async () => {
    await patch(moved)
    expect((await patch({ tokensPerMinute: 6 })).body.heldAddresses).toEqual(moved)
    expect((await patch({ description: 'Now faster.' })).body.heldAddresses).toEqual(moved)
    const { launchUrl, allowedOrigins, description } = app
    expect((await patch({ launchUrl, allowedOrigins, description })).body.heldAddresses).toBeNull()
    expect(await waiting()).toBeUndefined()
  })

  test('taken back are gone, and nothing was live for a moment', async () => {
    await patch(moved)
    const rejected = await decide('reject', { reason: 'Whose host is that?' })
    expect(rejected.body).toMatchObject({ launchUrl: app.launchUrl, heldAddresses: null })
  })

  test('of a draft or a suspended provider are changed freely: an operator looks before it is listed', async () => {
    await api.call('POST', `/providers/${id}/suspend`, { token: operator.token, body: { reason: 'Look.' } })
    expect((await patch(moved)).body).toMatchObject({ ...moved, heldAddresses: null })
  })

  test('moved by an approval cut off no session: the old origin works on for a day and no longer', async () => {
    const user = await addUser(api, { tokens: 1_000 })
    const opened = await api.call('POST', '/sessions', {
      token: user.token,
      body: { providerId: id, durationMinutes: 60 },
    })
    const validate = (launchJwt: string, clientId: string, origin: string) =>
      api.call('POST', '/api/v1/sessions/validate', { headers: { origin }, body: { launchJwt, clientId } })
    const validated = await validate(opened.body.launchJwt, 'client_of_old', OLD)
    const waitingLaunch = await api.call('POST', '/sessions', {
      token: user.token,
      body: { providerId: id, durationMinutes: 60 },
    })
    const beat = (sequence: number) =>
      api.call('POST', `/api/v1/sessions/${opened.body.session.id}/heartbeat`, {
        token: validated.body.sessionJwt,
        headers: { origin: OLD },
        body: { clientId: 'client_of_old', sequence },
      })
    expect((await beat(1)).status).toBe(200)
    await patch(moved)
    expect((await beat(2)).status).toBe(200)
    const approved = await decide('approve')
    expect(approved.body.allowedOrigins).toEqual([NEW])
    expect((await beat(3)).status).toBe(200)
    // Whoever was on the way to the old page arrives, too.
    expect((await validate(waitingLaunch.body.launchJwt, 'client_on_way', OLD)).status).toBe(200)

    const retire = async () => createTasks(api.deps)['retire-origins']?.({}, {} as never)
    await retire()
    expect((await beat(4)).status).toBe(200)
    api.clock.advance({ hours: 24 })
    await retire()
    api.deps.origins.forget()
    const next = await api.call('POST', '/sessions', {
      token: await accessTokenOf(api, user.id),
      body: { providerId: id, durationMinutes: 60 },
    })
    const late = await validate(next.body.launchJwt, 'client_of_next', OLD)
    expect(late.body.code).toBe('origin_not_allowed')
    expect((await validate(next.body.launchJwt, 'client_of_next', NEW)).status).toBe(200)
    owner = { ...owner, token: await accessTokenOf(api, owner.id) }
    expect((await patch({ tokensPerMinute: 4 })).body.allowedOrigins).toEqual([NEW])
  })
})

test('nobody but an operator learns that there is a queue', async () => {
  const list = await api.call('GET', '/operators/listing-changes', { token: owner.token })
  expect(list.status).toBe(404)
  const body = { updatedAt: api.clock.now().toISOString() }
  const approve = await api.call('POST', `/operators/providers/${id}/changes/approve`, {
    token: owner.token,
    body,
  })
  expect(approve.status).toBe(404)
})
