import { expect, test } from 'vitest'
import { findSecretsIn } from './secrets.ts'

// Put together here, so that this file holds none itself.
test.each([
  ['a live Stripe key', `sk_${'live'}_${'a1'.repeat(12)}`],
  ['a webhook secret', `wh${'sec'}_${'Ab3/'.repeat(8)}`],
  ['a private key', `-----BEGIN ${'EC'} PRIVATE KEY-----\n${'MHc'.repeat(12)}`],
  ['a database password', `postgres://app:${'hunter2hunter2'}@db.example.net/app`],
  ['a private JWK', `{ "kty": "EC", "d": "${'x'.repeat(43)}" }`],
])('finds %s, and the line it stands in', (what, secret) => {
  expect(findSecretsIn('file.ts', `first line\nconst value = '${secret}'`)).toEqual([`file.ts:2: ${what}`])
})

test('passes over addresses of this machine and lines that say they are examples', () => {
  const text = `postgres://postgres:postgres123@localhost/app\nwh${'sec'}_${'A'.repeat(32)} not-a-secret`
  expect(findSecretsIn('file.ts', text)).toEqual([])
})
