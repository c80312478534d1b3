import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../harness.ts'
import { listOperations, readDocument } from './operations.ts'

// Who may call what, and which limit counts. A new route is added here on purpose, by somebody who thought about it.
const TABLE = `
GET    open                         open      /
GET    open                         open      /.well-known/jwks.json
GET    open                         open      /api/v1/keys/public
POST   open                         validate  /api/v1/sessions/validate
GET    session key (sessions:read)  read      /api/v1/sessions/{id}
POST   session user                 beat      /api/v1/sessions/{id}/complete
POST   session                      beat      /api/v1/sessions/{id}/exposures
POST   session                      beat      /api/v1/sessions/{id}/heartbeat
POST   session                      beat      /api/v1/sessions/{id}/pause
POST   session                      beat      /api/v1/sessions/{id}/resume
POST   user                         auth      /auth/account/delete
GET    user                         read      /auth/email
POST   user                         auth      /auth/email
POST   user                         write     /auth/email/resend
POST   open                         auth      /auth/email/verify
POST   user                         auth      /auth/password
POST   open                         auth      /auth/password/reset
POST   open                         write     /auth/password/reset-request
GET    user                         read      /auth/sign-ins
DELETE user                         write     /auth/sign-ins/{id}
POST   open                         auth      /auth/login
POST   user                         write     /auth/logout
GET    user                         read      /auth/profile
PATCH  user                         write     /auth/profile
POST   open                         auth      /auth/refresh
POST   open                         auth      /auth/register
GET    open                         unlimited /healthz
GET    open                         unlimited /metrics
GET    operator                     read      /operators/audit
GET    operator                     read      /operators/audit/export
GET    operator                     read      /operators/health
GET    operator                     read      /operators/payouts
GET    operator                     read      /operators/providers
GET    operator                     read      /operators/providers/unusual
GET    operator                     read      /operators/providers/{id}/earnings
GET    operator                     read      /operators/purchases
GET    operator                     read      /operators/purchases/{id}
POST   operator                     write     /operators/purchases/{id}/refund
GET    operator                     read      /operators/sessions
GET    operator                     read      /operators/sessions/{id}
GET    operator                     read      /operators/sessions/{id}/timeline
GET    operator                     read      /operators/transfers
GET    operator                     read      /operators/transfers/{id}
GET    operator                     read      /operators/users
GET    operator                     read      /operators/users/{id}
POST   operator                     write     /operators/users/{id}/sign-out
POST   open                         write     /invitations/find
POST   user                         write     /invitations/accept
POST   operator                     write     /operators/providers/{id}/transfer
POST   user                         write     /providers/{id}/invitations
GET    user                         read      /providers/{id}/invitations
DELETE user                         write     /providers/{id}/invitations/{invitationId}
POST   user                         write     /providers/{id}/invitations/{invitationId}/resend
GET    user                         read      /providers/{id}/members
PATCH  user                         write     /providers/{id}/members/{userId}
DELETE user                         write     /providers/{id}/members/{userId}
POST   user                         auth      /providers/{id}/transfer
GET    operator                     read      /operators/listing-changes
POST   operator                     write     /operators/providers/{id}/changes/approve
POST   operator                     write     /operators/providers/{id}/changes/reject
GET    open                         open      /providers
POST   user                         write     /providers
GET    user key (providers:write)   read      /providers/mine
GET    open                         open      /providers/{id}
PATCH  user key (providers:write)   write     /providers/{id}
GET    user key (analytics:read)    read      /providers/{id}/analytics
GET    user key (analytics:read)    read      /providers/{id}/analytics/experiments
GET    user key (analytics:read)    read      /providers/{id}/analytics/funnel
GET    user key (analytics:read)    read      /providers/{id}/analytics/retention
POST   user key (keys:write)        write     /providers/{id}/api-keys
GET    user key (keys:write)        read      /providers/{id}/api-keys
DELETE user key (keys:write)        write     /providers/{id}/api-keys/{keyId}
POST   user key (keys:write)        write     /providers/{id}/api-keys/{keyId}/rotate
POST   operator                     write     /providers/{id}/approve
GET    user key (analytics:read)    read      /providers/{id}/earnings
GET    user key (analytics:read)    read      /providers/{id}/earnings/statement
GET    user key (analytics:read)    read      /providers/{id}/payouts
POST   operator                     write     /providers/{id}/payouts
POST   operator                     write     /providers/{id}/payouts/{payoutId}/cancel
POST   operator                     write     /providers/{id}/payouts/{payoutId}/pay
POST   operator                     write     /providers/{id}/reject
GET    user key (sessions:read)     read      /providers/{id}/sessions
GET    user                         read      /providers/{id}/sessions/live
GET    user key (sessions:read)     read      /providers/{id}/sessions/{sessionId}/timeline
POST   operator                     write     /providers/{id}/suspend
POST   user key (sessions:write)    write     /providers/{id}/test-sessions
GET    user key (providers:write)   read      /providers/{id}/theme
PUT    user key (providers:write)   write     /providers/{id}/theme
GET    open                         open      /api/v1/providers/{id}/theme
POST   user key (webhooks:write)    write     /providers/{id}/webhook-endpoints
GET    user key (webhooks:write)    read      /providers/{id}/webhook-endpoints
GET    user key (webhooks:write)    read      /providers/{id}/webhook-endpoints/{endpointId}
PATCH  user key (webhooks:write)    write     /providers/{id}/webhook-endpoints/{endpointId}
DELETE user key (webhooks:write)    write     /providers/{id}/webhook-endpoints/{endpointId}
GET    user key (webhooks:write)    read      /providers/{id}/webhook-endpoints/{endpointId}/deliveries
GET    user key (webhooks:write)    read      /providers/{id}/webhook-endpoints/{endpointId}/deliveries/{deliveryId}
POST   user key (webhooks:write)    write     /providers/{id}/webhook-endpoints/{endpointId}/deliveries/{deliveryId}/replay
POST   user key (webhooks:write)    write     /providers/{id}/webhook-endpoints/{endpointId}/replay
POST   user key (webhooks:write)    write     /providers/{id}/webhook-endpoints/{endpointId}/rotate-secret
POST   user key (webhooks:write)    write     /providers/{id}/webhook-endpoints/{endpointId}/test
GET    open                         unlimited /readyz
POST   user                         write     /sessions
GET    user                         read      /sessions
GET    user                         read      /sessions/{id}
POST   user                         write     /sessions/{id}/extend
POST   user                         write     /sessions/{id}/pause
POST   user                         write     /sessions/{id}/relaunch
POST   user                         write     /sessions/{id}/resume
GET    user                         read      /sessions/{id}/timeline
GET    user                         read      /tokens/balance
GET    user                         read      /tokens/history
GET    user                         read      /tokens/history/{id}
GET    user                         read      /tokens/limits
PUT    user                         write     /tokens/limits
GET    user                         read      /tokens/purchases/{id}/receipt
GET    user                         read      /sessions/{id}/receipt
GET    open                         open      /tokens/packages
POST   user                         write     /tokens/purchase
GET    user                         read      /tokens/purchases
GET    user                         read      /tokens/purchases/{id}
POST   stripe                       unlimited /webhooks/stripe
`

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

test('every route is called by whom the table says, under the limit it says', async () => {
  const lines = listOperations(await readDocument(api)).map(({ method, path, object }) => {
    const callers = [object['x-callers'].join(' '), object['x-scope'] && `(${object['x-scope']})`].filter(
      Boolean,
    )
    const limit = object['x-rate-limit']?.policy ?? 'unlimited'
    return `${method.padEnd(7)}${callers.join(' ').padEnd(29)}${limit.padEnd(10)}${path}`
  })
  const byPath = (a: string, b: string) => (a.slice(46) < b.slice(46) ? -1 : 1)
  const expected = TABLE.trim().split('\n').sort(byPath)
  expect(lines.sort(byPath)).toEqual(expected)
})
