import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ConfigError, findOwnerUrl, readConfig } from './config.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'token-marketplace-config-'))
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

const production = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://api.example.com',
  MARKETPLACE_URL: 'https://market.example',
  DATABASE_URL: 'postgres://user@db.example/market',
  STRIPE_SECRET_KEY: 'sk_live_x',
  STRIPE_WEBHOOK_SECRET: 'whsec_x',
  KEY_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
}
const mail = {
  SMTP_URL: 'smtp://user:secret@mail.example:587?requireTLS=true',
  MAIL_FROM: 'Market <noreply@market.example>',
}
const complaints = (env: Record<string, string | undefined>) => {
  try {
    readConfig({ DATA_DIR: dataDir, ...env })
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n')
    throw error
  }
}

test('development needs nothing, and mail goes to the log', () => {
  expect(complaints({})).toEqual([])
  expect(readConfig({ DATA_DIR: dataDir }).smtpUrl).toBeUndefined()
})

test('production starts with what it needs', () => {
  expect(complaints(production)).toEqual([])
  expect(complaints({ ...production, ...mail })).toEqual([])
})

test('production with an SMTP server names its sender', () => {
  expect(complaints({ ...production, SMTP_URL: mail.SMTP_URL })[0]).toContain(
    'MAIL_FROM is needed in production',
  )
})

test.each([
  'prod',
  'Production',
  'production ',
])('NODE_ENV=%j is neither production nor silently something else', (mode) => {
  expect(complaints({ NODE_ENV: mode })).toEqual([
    'NODE_ENV must be production, to the letter, where that is meant',
  ])
  expect(complaints({ NODE_ENV: 'staging' })).toEqual([])
})

test('production without anything names everything it lacks, at once', () => {
  const named = complaints({ NODE_ENV: 'production' }).map((line) => line.split(' ', 1)[0])
  expect(named).toEqual(expect.arrayContaining(Object.keys(production).filter((name) => name !== 'NODE_ENV')))
})

test.each(
  Object.keys(production).filter((name) => name !== 'NODE_ENV'),
)('production without %s does not start, and says so', (name) => {
  const lines = complaints({ ...production, [name]: undefined })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(new RegExp(`^${name} is needed in production: `))
})

test.each([
  'https://proxy.example:8443',
  'http://localhost:12111/',
  'http://127.8.9.1',
  'http://[::1]:12111',
])('production takes STRIPE_API_BASE=%s', (base) => {
  const config = readConfig({ ...production, STRIPE_API_BASE: base })
  expect(config.stripeApiBase).toBe(base.replace(/\/$/, ''))
})

test.each([
  ['http://proxy.example:12111', 'must be https in production'],
  ['http://127.example.com', 'must be https in production'],
  ['http://localhost.example.com', 'must be https in production'],
  ['https://proxy.example/stripe', 'must be scheme://host[:port]'],
  ['https://proxy.example?tenant=1', 'must be scheme://host[:port]'],
  ['https://user:secret@proxy.example', 'must be scheme://host[:port]'],
  ['proxy.example', 'must be scheme://host[:port]'],
  ['file:///stripe', 'must be scheme://host[:port]'],
])('production refuses STRIPE_API_BASE=%s', (base, why) => {
  const lines = complaints({ ...production, STRIPE_API_BASE: base })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/^STRIPE_API_BASE /)
  expect(lines[0]).toContain(why)
})

test('outside production STRIPE_API_BASE may be http anywhere', () => {
  expect(complaints({ STRIPE_API_BASE: 'http://stripe-mock:12111' })).toEqual([])
})

test.each([
  ['PUBLIC_URL', 'http://api.example.com'],
  ['MARKETPLACE_URL', 'market.example'],
  ['MARKETPLACE_ORIGINS', 'https://market.example/path'],
  ['DATABASE_URL', 'mysql://db.example/market'],
  ['DATABASE_BATCH_URL', 'mysql://db.example/market'],
  ['DATABASE_JOBS_URL', 'mysql://db.example/market'],
  ['DATABASE_OWNER_URL', 'mysql://db.example/market'],
  ['KEY_ENCRYPTION_KEY', 'short'],
  ['KEY_ENCRYPTION_KEY_ALSO', 'short'],
  ['SMTP_URL', 'mail.example:587'],
  ['SMTP_URL', 'https://mail.example'],
  ['MAIL_FROM', 'nobody'],
  ['MAIL_FROM', 'Market <noreply@market.example>\r\nBcc: x@example.com'],
  ['RATE_LIMIT_FACTOR', '2'],
  ['TRUST_PROXY', 'nobody'],
  ['TRUST_PROXY', '-1'],
  ['TRUST_PROXY', '10.0.0.0/8, 0.0.0.0/0'],
  ['OUTGOING_ALLOW_CIDRS', '10.0.0.0'],
  ['OUTGOING_ALLOW_CIDRS', '10.0.0.0/8, everything'],
  ['PORT', '80.5'],
  ['PROVIDER_REVIEW', 'sometimes'],
  ['LOG_LEVEL', 'loud'],
  ['PLATFORM_FEE_BASIS_POINTS', '1000'],
  ['TOKEN_DISCOUNT_TIERS', '1000:5,1:0'],
  ['TOKEN_CURRENCY', 'dollars'],
  ['TOKEN_CURRENCY', '€'],
  ['TOKEN_CURRENCY', 'xyz'],
])('%s=%s is refused by name', (name, value) => {
  expect(complaints({ ...production, [name]: value })[0]).toContain(name)
})

test.each([
  [
    'kwd',
    1,
    [
      'TOKEN_PRICE_CENTS (1) must be a multiple of 10 where TOKEN_CURRENCY is kwd: Stripe takes no other amounts of it',
    ],
  ],
  ['kwd', 10, []],
  [
    'isk',
    10,
    [
      'TOKEN_PRICE_CENTS (10) must be a multiple of 100 where TOKEN_CURRENCY is isk: Stripe takes no other amounts of it',
    ],
  ],
  ['isk', 100, []],
  ['jpy', 1, []],
])('a token of %s at %i is paid in amounts that Stripe takes, or refused', (TOKEN_CURRENCY, price, refused) => {
  expect(complaints({ ...production, TOKEN_CURRENCY, TOKEN_PRICE_CENTS: String(price) })).toEqual(refused)
})

test('proxies are counted, or named by address, network or what they are to this machine', () => {
  for (const TRUST_PROXY of ['0', '2', '10.1.2.3', '10.0.0.0/8, fd00::/8', 'loopback,uniquelocal'])
    expect(complaints({ ...production, TRUST_PROXY, OUTGOING_ALLOW_CIDRS: '10.0.0.0/8, fd00::/8' })).toEqual(
      [],
    )
})

test('a second login of the database goes with the first', () => {
  const url = production.DATABASE_URL
  for (const name of ['DATABASE_BATCH_URL', 'DATABASE_JOBS_URL', 'DATABASE_OWNER_URL']) {
    expect(complaints({ [name]: url })).toEqual([`${name} goes with DATABASE_URL`])
    expect(complaints({ ...production, [name]: url })).toEqual([])
  }
})

const at = (login: string, host = 'db.example') => `postgres://${login}@${host}/market`

test.each([
  ['the only login', { DATABASE_URL: at('owner') }, at('owner')],
  [
    'the only login, twice',
    { DATABASE_URL: at('owner'), DATABASE_BATCH_URL: at('owner', 'other') },
    at('owner'),
  ],
  [
    'the login that is named',
    { DATABASE_URL: at('web'), DATABASE_BATCH_URL: at('batch'), DATABASE_OWNER_URL: at('owner') },
    at('owner'),
  ],
  [
    'nobody of several',
    { DATABASE_URL: at('web'), DATABASE_BATCH_URL: at('batch'), DATABASE_OWNER_URL: '' },
    undefined,
  ],
])('%s migrates', (_who, env, url) => {
  expect(findOwnerUrl(env)).toBe(url)
})

test.each([
  [{ DATABASE_URL: at('all') }, at('all')],
  [{ DATABASE_URL: at('web'), DATABASE_BATCH_URL: at('batch') }, at('batch')],
  [{ DATABASE_URL: at('web'), DATABASE_BATCH_URL: at('batch'), DATABASE_JOBS_URL: at('jobs') }, at('jobs')],
])('the queue never takes the owner where there is another login', (env, url) => {
  const read = readConfig({ ...production, DATABASE_OWNER_URL: at('owner'), ...env })
  expect(read.jobsDatabaseUrl).toBe(url)
})

test('behind a pooler the queue wants an address of its own, because it listens', () => {
  const pooled = { ...production, DATABASE_BATCH_URL: `${at('batch', 'pooler')}?options=` }
  expect(complaints(pooled)).toEqual([expect.stringMatching(/^DATABASE_JOBS_URL is needed/)])
  expect(complaints({ ...pooled, DATABASE_JOBS_URL: at('batch') })).toEqual([])
})

test.each([
  'PUBLIC_URL',
  'MARKETPLACE_URL',
])('%s takes a path, and nothing that a link cannot be added to', (name) => {
  expect(complaints({ [name]: 'https://a.example/shop/' })).toEqual([])
  for (const end of ['a.example/?lang=en', 'a.example/?', 'a.example/#/app', 'ada:secret@a.example']) {
    expect(complaints({ [name]: `https://${end}` })).toEqual([
      `${name} must have no query, fragment or credentials: it is the beginning of links`,
    ])
  }
})
