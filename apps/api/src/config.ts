/**
 * The environment, read once and checked as a whole. In production nothing is generated or embedded silently:
 * what is missing is named, all at once.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import ipaddr from 'ipaddr.js'
import { stepCentsOf } from './currency.ts'

export interface DiscountTier {
  minTokens: number
  discountPercent: number
}

export interface Config {
  isProduction: boolean
  port: number
  host: string
  publicUrl: string
  marketplaceUrl: string
  marketplaceOrigins: string[]
  /** Undefined: the embedded PostgreSQL under `dataDir`. */
  databaseUrl: string | undefined
  /** Logins of their own, see `docs/operations/logins.md`. Undefined: `databaseUrl` does it. */
  batchDatabaseUrl: string | undefined
  /** The queue's, past any pooler, because it listens. */
  jobsDatabaseUrl: string | undefined
  /** Undefined: this process does not migrate. */
  ownerDatabaseUrl: string | undefined
  dataDir: string
  stripeSecretKey: string | undefined
  stripeWebhookSecret: string
  stripeApiBase: string | undefined
  platformFeeBasisPoints: number
  redisUrl: string | undefined
  rateLimitFactor: number
  trustProxy: string | number | undefined
  /** Seals what is written. */
  keyEncryptionKey: Buffer
  /** Open what is read: the one that seals first, then the other one while they change. */
  openingKeys: Buffer[]
  adminEmail: string | undefined
  adminPassword: string | undefined
  providerReview: 'manual' | 'auto'
  outgoingAllowCidrs: string[]
  /** Undefined: messages go to the log. */
  smtpUrl: string | undefined
  mailFrom: string
  logLevel: string
  currency: string
  tokenPriceCents: number
  discountTiers: DiscountTier[]
}

/** What is wrong with the environment, one line per variable. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

const REPOSITORY = path.resolve(import.meta.dirname, '../../..')
const DEFAULT_TIERS = '1:0,1000:5,5000:10,20000:20'
/** An address, or a name with an address in angle brackets; nothing that could begin another header. */
const MAIL_SENDER = /^(?:[^<>@\r\n]+ <)?[^\s<>@]+@[^\s<>@]+>?$/
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/** @throws {ConfigError} naming every variable that is wrong or missing. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const wrong: string[] = []
  const isProduction = env.NODE_ENV === 'production'
  // Anything else is no production, which a slip must not make of one: the sandbox would give tokens away.
  if (!isProduction && /prod/i.test(env.NODE_ENV ?? ''))
    wrong.push('NODE_ENV must be production, to the letter, where that is meant')
  const read = (name: string) => (env[name] === undefined || env[name] === '' ? undefined : env[name])
  const need = (name: string, why: string) => {
    const value = read(name)
    if (value === undefined && isProduction) wrong.push(`${name} is needed in production: ${why}`)
    return value
  }
  const whole = (name: string, fallback: number, min: number, max: number) => {
    const value = Number(read(name) ?? fallback)
    if (!Number.isInteger(value) || value < min || value > max) {
      wrong.push(`${name} must be a whole number from ${min} to ${max}`)
      return fallback
    }
    return value
  }
  const url = (name: string, value: string) => {
    const parsed = URL.canParse(value) ? new URL(value) : undefined
    if (!parsed || !['http:', 'https:'].includes(parsed.protocol))
      wrong.push(`${name} must be an http(s) address`)
    else if (isProduction && read(name) !== undefined && parsed.protocol !== 'https:')
      wrong.push(`${name} must be https in production`)
    else if (/[?#]/.test(value) || parsed.username !== '' || parsed.password !== '')
      wrong.push(`${name} must have no query, fragment or credentials: it is the beginning of links`)
    return value.replace(/\/+$/, '')
  }
  const choice = <T extends string>(name: string, values: readonly T[], fallback: T): T => {
    const value = (read(name) ?? fallback) as T
    if (!values.includes(value)) wrong.push(`${name} must be one of ${values.join(', ')}`)
    return value
  }

  const port = whole('PORT', 4000, 0, 65535)
  const dataDir = path.resolve(read('DATA_DIR') ?? path.join(REPOSITORY, '.data'))
  const publicUrl = url(
    'PUBLIC_URL',
    need('PUBLIC_URL', 'the issuer of every JWT') ?? `http://localhost:${port}`,
  )
  const marketplaceUrl = url(
    'MARKETPLACE_URL',
    need('MARKETPLACE_URL', 'where users come from and go back to') ?? 'http://localhost:4001',
  )
  const marketplaceOrigins = listOf(read('MARKETPLACE_ORIGINS') ?? originOf(marketplaceUrl))
  for (const origin of marketplaceOrigins) {
    if (originOf(origin) !== origin)
      wrong.push(`MARKETPLACE_ORIGINS: ${origin} is not an origin (scheme://host[:port])`)
  }
  const databaseUrl = need('DATABASE_URL', 'the PostgreSQL to use')
  const batchDatabaseUrl = read('DATABASE_BATCH_URL')
  const jobsDatabaseUrl = read('DATABASE_JOBS_URL')
  const databases = {
    DATABASE_URL: databaseUrl,
    DATABASE_BATCH_URL: batchDatabaseUrl,
    DATABASE_JOBS_URL: jobsDatabaseUrl,
    DATABASE_OWNER_URL: read('DATABASE_OWNER_URL'),
  }
  for (const [name, value] of Object.entries(databases)) {
    if (value === undefined) continue
    if (!/^postgres(ql)?:\/\//.test(value)) wrong.push(`${name} must start with postgres://`)
    if (databaseUrl === undefined && !isProduction) wrong.push(`${name} goes with DATABASE_URL`)
  }
  // What asks for nothing at connecting is behind a pooler, and there the queue would listen and hear nothing.
  if (batchDatabaseUrl !== undefined && jobsDatabaseUrl === undefined && asksForNothing(batchDatabaseUrl))
    wrong.push('DATABASE_JOBS_URL is needed where DATABASE_BATCH_URL leads to a pooler: the database itself')
  const rateLimitFactor = Number(read('RATE_LIMIT_FACTOR') ?? 1)
  if (!(rateLimitFactor > 0)) wrong.push('RATE_LIMIT_FACTOR must be a number above 0')
  if (isProduction && rateLimitFactor > 1) wrong.push('RATE_LIMIT_FACTOR above 1 is refused in production')

  const currency = (read('TOKEN_CURRENCY') ?? 'usd').toLowerCase()
  if (!Intl.supportedValuesOf('currency').includes(currency.toUpperCase()))
    wrong.push(`TOKEN_CURRENCY must be a currency by its three letters (ISO 4217), not ${currency}`)
  const tokenPriceCents = whole('TOKEN_PRICE_CENTS', 1, 1, 100_000)
  const step = stepCentsOf(currency)
  if (tokenPriceCents % step !== 0) {
    wrong.push(
      `TOKEN_PRICE_CENTS (${tokenPriceCents}) must be a multiple of ${step} where TOKEN_CURRENCY is ${currency}: ` +
        'Stripe takes no other amounts of it',
    )
  }
  const discountTiers = readTiers(read('TOKEN_DISCOUNT_TIERS') ?? DEFAULT_TIERS, wrong)
  const platformFeeBasisPoints = whole('PLATFORM_FEE_BASIS_POINTS', 2000, 0, 10_000)
  const highestDiscount = Math.max(0, ...discountTiers.map((tier) => tier.discountPercent))
  if (platformFeeBasisPoints < highestDiscount * 100) {
    wrong.push(
      `PLATFORM_FEE_BASIS_POINTS (${platformFeeBasisPoints}) is below the highest discount (${highestDiscount} %): ` +
        'a provider who buys tokens at that discount and spends them in their own app would be paid for it',
    )
  }
  const adminEmail = read('ADMIN_EMAIL')
  const adminPassword = read('ADMIN_PASSWORD')
  if ((adminEmail === undefined) !== (adminPassword === undefined)) {
    wrong.push('ADMIN_EMAIL and ADMIN_PASSWORD go together')
  }
  if (adminPassword && (adminPassword.length < 8 || adminPassword.length > 128)) {
    wrong.push('ADMIN_PASSWORD must have 8 to 128 characters')
  }
  const stripeSecretKey = need('STRIPE_SECRET_KEY', 'the sandbox checkout does not exist in production')
  const stripeApiBase = read('STRIPE_API_BASE')?.replace(/\/+$/, '')
  if (stripeApiBase !== undefined) {
    // Its library asks for /v1/… there and for nothing else.
    if (!isOrigin(stripeApiBase))
      wrong.push('STRIPE_API_BASE must be scheme://host[:port], http or https, without a path')
    else if (isProduction && new URL(stripeApiBase).protocol !== 'https:' && !isLoopback(stripeApiBase))
      wrong.push('STRIPE_API_BASE must be https in production; http only for a proxy on this machine')
  }
  need('STRIPE_WEBHOOK_SECRET', 'it verifies every Stripe event')
  need('KEY_ENCRYPTION_KEY', 'it encrypts signing keys at rest (32 bytes, base64 or hex)')
  // Not needed to start: the contract's variables are. Without it messages wait in the queue, and start says so.
  const smtpUrl = read('SMTP_URL')
  if (smtpUrl !== undefined && !isSmtpUrl(smtpUrl))
    wrong.push('SMTP_URL must be an smtp:// or smtps:// address')
  if (isProduction && smtpUrl !== undefined && read('MAIL_FROM') === undefined)
    wrong.push('MAIL_FROM is needed in production with SMTP_URL: the sender of every message')
  const mailFrom = read('MAIL_FROM') ?? 'Token Marketplace <noreply@localhost>'
  if (!MAIL_SENDER.test(mailFrom))
    wrong.push('MAIL_FROM must look like name@example.com or Name <name@example.com>')
  const trustProxy = read('TRUST_PROXY')
  const isHops = trustProxy !== undefined && /^\d+$/.test(trustProxy)
  const proxies = isHops ? [] : listOf(trustProxy ?? '')
  for (const proxy of proxies) {
    if (!isProxy(proxy)) wrong.push(`TRUST_PROXY: ${proxy} is neither a number of hops nor a CIDR`)
  }
  const outgoingAllowCidrs = listOf(read('OUTGOING_ALLOW_CIDRS') ?? '')
  for (const cidr of outgoingAllowCidrs) {
    if (!ipaddr.isValidCIDR(cidr)) wrong.push(`OUTGOING_ALLOW_CIDRS: ${cidr} is not a CIDR`)
  }

  const config = {
    isProduction,
    port,
    host: read('HOST') ?? '127.0.0.1',
    publicUrl,
    marketplaceUrl,
    marketplaceOrigins,
    databaseUrl,
    batchDatabaseUrl,
    jobsDatabaseUrl: jobsDatabaseUrl ?? batchDatabaseUrl ?? databaseUrl,
    ownerDatabaseUrl: findOwnerUrl(env),
    dataDir,
    stripeSecretKey,
    stripeApiBase,
    platformFeeBasisPoints,
    redisUrl: read('REDIS_URL'),
    rateLimitFactor,
    trustProxy: isHops ? Number(trustProxy) : proxies.join(',') || undefined,
    adminEmail,
    adminPassword,
    providerReview: choice('PROVIDER_REVIEW', ['manual', 'auto'], isProduction ? 'manual' : 'auto'),
    outgoingAllowCidrs,
    smtpUrl,
    mailFrom,
    logLevel: choice('LOG_LEVEL', LOG_LEVELS, 'info'),
    currency,
    tokenPriceCents,
    discountTiers,
  }
  const givenKey = read('KEY_ENCRYPTION_KEY')
  const parsedKey = givenKey === undefined ? undefined : parseKey(givenKey)
  if (givenKey !== undefined && !parsedKey) wrong.push('KEY_ENCRYPTION_KEY must be 32 bytes in base64 or hex')
  const alsoGiven = read('KEY_ENCRYPTION_KEY_ALSO')
  const alsoKey = alsoGiven === undefined ? undefined : parseKey(alsoGiven)
  if (alsoGiven !== undefined && !alsoKey)
    wrong.push('KEY_ENCRYPTION_KEY_ALSO must be 32 bytes in base64 or hex')
  if (wrong.length > 0) throw new ConfigError(wrong.join('\n'))

  const keyEncryptionKey = parsedKey ?? Buffer.from(keepSecret(dataDir, 'key-encryption-key'), 'base64')
  return {
    ...config,
    keyEncryptionKey,
    openingKeys: alsoKey ? [keyEncryptionKey, alsoKey] : [keyEncryptionKey],
    stripeWebhookSecret:
      read('STRIPE_WEBHOOK_SECRET') ?? `whsec_${keepSecret(dataDir, 'stripe-webhook-secret')}`,
  }
}

/**
 * Who migrates: with one login for everything it is that one, and with several the one that is named.
 *
 * @returns undefined where several are given and none of them may migrate
 */
export function findOwnerUrl(env: Record<string, string | undefined>): string | undefined {
  const { DATABASE_URL: all, DATABASE_BATCH_URL: batch, DATABASE_OWNER_URL: owner } = env
  if (owner) return owner
  return !batch || loginOf(batch) === loginOf(all ?? '') ? all || undefined : undefined
}

const loginOf = (url: string) => (URL.canParse(url) ? new URL(url).username : url)

const asksForNothing = (url: string) => URL.canParse(url) && new URL(url).searchParams.get('options') === ''

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
}

/** What Fastify can compile. A network of everybody is no proxy: whoever sends the header would be believed. */
function isProxy(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true
  return ipaddr.isValidCIDR(text) ? ipaddr.parseCIDR(text)[1] > 0 : ipaddr.isValid(text)
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : ''
}

/** Of any spelling: a scheme, a host and perhaps a port. */
function isOrigin(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^https?:/.test(url.protocol) && url.href === `${url.origin}/`
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  const address = hostname.replace(/^\[|\]$/g, '')
  return (
    hostname === 'localhost' || (ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback')
  )
}

function isSmtpUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && ['smtp:', 'smtps:'].includes(url.protocol) && url.hostname !== ''
}

function readTiers(text: string, wrong: string[]): DiscountTier[] {
  const tiers = text.split(',').map((part) => {
    const [minTokens, discountPercent] = part.split(':').map(Number)
    return { minTokens: minTokens ?? Number.NaN, discountPercent: discountPercent ?? Number.NaN }
  })
  const isRising = tiers.every((tier, i) => i === 0 || tier.minTokens > (tiers[i - 1]?.minTokens ?? 0))
  const isWhole = tiers.every(
    ({ minTokens, discountPercent }) =>
      Number.isInteger(minTokens) &&
      Number.isInteger(discountPercent) &&
      discountPercent >= 0 &&
      discountPercent < 100,
  )
  if (!isRising || !isWhole)
    wrong.push('TOKEN_DISCOUNT_TIERS must look like 1:0,1000:5 (tokens:percent, rising)')
  return tiers
}

function parseKey(text: string): Buffer | undefined {
  const key = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64')
  return key.length === 32 ? key : undefined
}

/** A secret for development, made once and kept where only this user reads it. */
function keepSecret(dataDir: string, name: string): string {
  const file = path.join(dataDir, name)
  try {
    mkdirSync(dataDir, { recursive: true })
    try {
      return readFileSync(file, 'utf8').trim()
    } catch {
      writeFileSync(file, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' })
      return readFileSync(file, 'utf8').trim()
    }
  } catch (error) {
    throw new ConfigError(`DATA_DIR: cannot write ${file} (${(error as NodeJS.ErrnoException).code})`)
  }
}
