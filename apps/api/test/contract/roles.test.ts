import { afterAll, beforeAll, expect, test } from 'vitest'
import { createId, PUBLIC_TENANT_ID } from '../../src/id.ts'
import { MEMBER_ROLES, type MemberRole, mayAct } from '../../src/providers/member-role.ts'
import { type Answer, addProvider, addUser, startTestApi, type TestApi, type TestUser } from '../harness.ts'
import { exampleBody, listOperations, type Operation, readDocument } from './operations.ts'

// What each role may do with a provider: every route that its people call. A new one is added here on purpose.
const TABLE: Record<MemberRole, string[]> = {
  viewer: [
    'DELETE /providers/{id}/members/{userId} (their own)',
    'GET /providers/{id}/analytics',
    'GET /providers/{id}/analytics/experiments',
    'GET /providers/{id}/analytics/funnel',
    'GET /providers/{id}/analytics/retention',
    'GET /providers/{id}/api-keys',
    'GET /providers/{id}/earnings',
    'GET /providers/{id}/earnings/statement',
    'GET /providers/{id}/members',
    'GET /providers/{id}/payouts',
    'GET /providers/{id}/sessions',
    'GET /providers/{id}/sessions/live',
    'GET /providers/{id}/sessions/{sessionId}/timeline',
    'GET /providers/{id}/theme',
    'GET /providers/{id}/webhook-endpoints',
    'GET /providers/{id}/webhook-endpoints/{endpointId}',
    'GET /providers/{id}/webhook-endpoints/{endpointId}/deliveries',
    'GET /providers/{id}/webhook-endpoints/{endpointId}/deliveries/{deliveryId}',
  ],
  developer: [
    'DELETE /providers/{id}/api-keys/{keyId}',
    'DELETE /providers/{id}/webhook-endpoints/{endpointId}',
    'PATCH /providers/{id}',
    'PATCH /providers/{id}/webhook-endpoints/{endpointId}',
    'POST /providers/{id}/api-keys',
    'POST /providers/{id}/api-keys/{keyId}/rotate',
    'POST /providers/{id}/test-sessions',
    'POST /providers/{id}/webhook-endpoints',
    'POST /providers/{id}/webhook-endpoints/{endpointId}/deliveries/{deliveryId}/replay',
    'POST /providers/{id}/webhook-endpoints/{endpointId}/replay',
    'POST /providers/{id}/webhook-endpoints/{endpointId}/rotate-secret',
    'POST /providers/{id}/webhook-endpoints/{endpointId}/test',
    'PUT /providers/{id}/theme',
  ],
  owner: [
    'DELETE /providers/{id}/invitations/{invitationId}',
    'DELETE /providers/{id}/members/{userId}',
    'GET /providers/{id}/invitations',
    'PATCH /providers/{id}/members/{userId}',
    'POST /providers/{id}/invitations',
    'POST /providers/{id}/invitations/{invitationId}/resend',
    'POST /providers/{id}/transfer',
  ],
}

let api: TestApi
let providerId: string
let team: Record<MemberRole, TestUser>
let stranger: TestUser
let former: TestUser
let operations: Operation[]

beforeAll(async () => {
  api = await startTestApi()
  const primary = await addUser(api)
  providerId = await addProvider(api, { ownerId: primary.id })
  team = { viewer: await addUser(api), developer: await addUser(api), owner: await addUser(api) }
  stranger = await addUser(api)
  former = await addUser(api)
  const now = api.clock.now()
  await api.deps.db.inTenant(PUBLIC_TENANT_ID, async (tx) => {
    for (const [role, { id }] of [...Object.entries(team), ['owner', former] as const]) {
      await tx.query(
        'insert into provider_members (provider_id, user_id, role, created_at) values ($1, $2, $3, $4)',
        [providerId, id, role, now],
      )
    }
  })
  await api.call('DELETE', `/providers/${providerId}/members/${former.id}`, { token: former.token })
  operations = listOperations(await readDocument(api)).filter(
    ({ path, object }) => path.startsWith('/providers/{id}') && object['x-callers'].includes('user'),
  )
})
afterAll(() => api.close())

/** Below the provider: ids that nobody has, so that no call changes what the next one meets. */
function ask({ method, path, parameters, ...operation }: Operation, token: string): Promise<Answer> {
  const url = path.replace(/\{(\w+)\}/g, (_all, name) => {
    if (name === 'id') return providerId
    const parameter = parameters.find((one) => one.in === 'path' && one.name === name)!
    const prefix = String(parameter.example ?? parameter.schema.examples?.[0]).slice(0, 3) as 'key'
    return createId(prefix, api.clock.now())
  })
  return api.call(method, url, {
    token,
    body: exampleBody({ method, path, parameters, ...operation }),
  })
}

const neededFor = ({ name }: Operation): MemberRole | undefined =>
  MEMBER_ROLES.find((role) => TABLE[role].includes(name))

test('every route of a provider’s people stands in the table, and nothing else does', () => {
  const listed = MEMBER_ROLES.flatMap((role) => TABLE[role]).filter((name) => !name.endsWith('(their own)'))
  expect(listed.sort()).toEqual(operations.map(({ name }) => name).sort())
})

// The stream is another test's: an answer that lasts is not awaited here.
test('a member may do what their role allows, and is told which role the rest takes', async () => {
  const wrong: string[] = []
  for (const operation of operations.filter(({ path }) => !path.endsWith('/live'))) {
    const needed = neededFor(operation)!
    for (const role of MEMBER_ROLES) {
      const { status, body } = await ask(operation, team[role].token)
      const isRefused = body?.code === 'forbidden' && body.detail.includes(`the role ${needed}`)
      const isAllowed = body?.code !== 'forbidden' && body?.code !== 'provider_not_found'
      const ok =
        // The last word on a transfer is the primary owner’s.
        operation.path.endsWith('/transfer')
          ? body?.code === 'forbidden'
          : mayAct(role, needed)
            ? isAllowed
            : isRefused
      if (!ok) wrong.push(`${operation.name} as ${role}: ${status} ${body?.code} ${body?.detail}`)
    }
  }
  expect(wrong).toEqual([])
})

test.each(['stranger', 'former'] as const)('to a %s member no route says more than 404', async (who) => {
  const { token } = who === 'stranger' ? stranger : former
  for (const operation of operations) {
    const { status, body } = await ask(operation, token)
    expect([operation.name, status, body?.code]).toEqual([operation.name, 404, 'provider_not_found'])
  }
})
