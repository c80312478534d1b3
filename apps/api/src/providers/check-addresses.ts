import { Problem } from '../errors.ts'

interface Addresses {
  launchUrl?: string
  allowedOrigins?: string[]
  iconUrl?: string | null
}

/**
 * Holds a provider's addresses against the rules: https, no credentials, no fragment; http only for this very
 * machine and outside production.
 *
 * @throws {Problem} `validation_failed`, naming each one.
 */
export function checkAddresses(
  { launchUrl, allowedOrigins, iconUrl }: Addresses,
  { isProduction }: { isProduction: boolean },
): void {
  const errors: { path: string; message: string }[] = []
  const refuse = (path: string, message: string | undefined) => {
    if (message !== undefined) errors.push({ path, message })
  }
  if (launchUrl !== undefined) refuse('/launchUrl', whatIsWrongWithLaunchUrl(launchUrl, isProduction))
  allowedOrigins?.forEach((origin, i) => {
    refuse(`/allowedOrigins/${i}`, whatIsWrongWithOrigin(origin, isProduction))
  })
  if (typeof iconUrl === 'string') refuse('/iconUrl', whatIsWrongWithIcon(iconUrl))
  if (errors.length > 0) throw new Problem('validation_failed', { errors })
}

/** The URL parser lets a host be `*.example.com`, which no browser ever sends. */
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9_-]+(\.[a-z0-9_-]+)*)$/
const LAUNCH_JWT_PARAMETER = 'launch_jwt'

function whatIsWrongWithLaunchUrl(text: string, isProduction: boolean): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url) return 'must be an absolute address'
  const wrong = whatIsWrongWithPlace(url, isProduction)
  if (wrong) return wrong
  if (url.username !== '' || url.password !== '' || /^[a-z]+:\/\/[^/?#]*@/i.test(text))
    return 'must not contain credentials'
  if (text.includes('#')) return 'must not have a fragment'
  if (url.searchParams.has(LAUNCH_JWT_PARAMETER)) return `must not have a ${LAUNCH_JWT_PARAMETER} of its own`
  return undefined
}

function whatIsWrongWithOrigin(text: string, isProduction: boolean): string | undefined {
  // The origin of sandboxed frames and local files; browsers send this very word.
  if (text === 'null') return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || url.origin === 'null') return 'must be an origin: scheme://host[:port], or null'
  const wrong = whatIsWrongWithPlace(url, isProduction)
  if (wrong) return wrong
  return url.origin === text ? undefined : `must be exactly an origin, as browsers send it: ${url.origin}`
}

function whatIsWrongWithIcon(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'https:') return 'must be an https address'
  return url.username !== '' || url.password !== '' ? 'must not contain credentials' : undefined
}

function whatIsWrongWithPlace({ protocol, hostname }: URL, isProduction: boolean): string | undefined {
  if (!HOST.test(hostname)) return 'must name one host'
  // The parser writes every spelling of an address in one way: 127.1, 0x7f.1 and 2130706433 arrive as 127.0.0.1.
  const isThisMachine = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'
  if (isProduction && (isThisMachine || hostname.endsWith('.localhost')))
    return 'must not be localhost in production'
  if (protocol === 'https:' || (protocol === 'http:' && isThisMachine)) return undefined
  return isProduction ? 'must be https' : 'must be https; http only for localhost'
}
