/**
 * HTTP to addresses that strangers chose. No other file opens such a connection.
 *
 * What a name means may change between looking and connecting, so the look-up is part of connecting: the addresses
 * are judged, and the socket gets those that passed and no name at all.
 *
 * @module
 */
import { Resolver } from 'node:dns/promises'
import { isIP, type Socket } from 'node:net'
import { Agent, buildConnector, request } from 'undici'
import type { Config } from './config.ts'
import { createJudgeAddress } from './outgoing-address.ts'

/** From the look-up to the last byte that is read. */
export const OUTGOING_TIMEOUT_MS = 15_000
const CONNECT_TIMEOUT_MS = 5_000
const ANSWER_BYTES_MAX = 1024
const HEADER_BYTES_MAX = 16 * 1024

/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<string[]>

export interface OutgoingAnswer {
  status: number
  /** The first kilobyte. */
  excerpt: string
  retryAfter: string | undefined
}

export interface Outgoing {
  /**
   * Sends one POST. Redirects are answers like any other.
   *
   * @throws {OutgoingFailure}
   */
  post(url: string, input: { headers: Record<string, string>; body: string }): Promise<OutgoingAnswer>
  end(): Promise<void>
}

/** Why there is no answer, in words that tell the address's owner nothing about us. */
export class OutgoingFailure extends Error {
  override name = 'OutgoingFailure'
}

type AddressRules = Pick<Config, 'isProduction' | 'outgoingAllowCidrs'>

/**
 * Judges an address by what is written in it, before anybody connects; undefined when nothing is wrong. Names are
 * judged when they are connected to.
 *
 * @example findWrongInUrl('http://0x7f.1/hook', config) // 'must not be a private address'
 */
export function findWrongInUrl(text: string, rules: AddressRules): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url) return 'must be an absolute address'
  if (url.protocol !== 'https:' && (rules.isProduction || url.protocol !== 'http:'))
    return rules.isProduction ? 'must be https' : 'must be https or http'
  if (url.username !== '' || url.password !== '' || /^[a-z]+:[/\\]*[^/?#\\]*@/i.test(text.trim()))
    return 'must not contain credentials'
  if (text.includes('#')) return 'must not have a fragment'
  const judge = createJudgeAddress(rules.outgoingAllowCidrs)
  const host = hostOf(url)
  const addresses = isIP(host) > 0 ? [host] : isLocalName(host) ? LOOPBACK : []
  const verdicts = addresses.map(judge)
  if (addresses.length > 0 && verdicts.every((verdict) => verdict === 'refused'))
    return 'must not be a private address'
  if (addresses.length === 0 && rules.outgoingAllowCidrs.length === 0 && isInnerName(host))
    return 'must not be a private name'
  const mayHaveAnyPort =
    addresses.length > 0 ? verdicts.includes('allowed') : rules.outgoingAllowCidrs.length > 0
  if (!isUsualPort(portOf(url)) && !mayHaveAnyPort) return 'must use port 80 or 443'
  return undefined
}

const LOOPBACK = ['127.0.0.1', '::1']

/** These names mean this machine whatever DNS says (RFC 6761). */
function isLocalName(host: string): boolean {
  return /(^|\.)localhost\.?$/.test(host)
}

/**
 * Names that lead to somebody's inner network or nowhere: of one word, or under a domain kept for private use (`.local` of
 * RFC 6762, `.home.arpa` of RFC 8375, `.internal` of ICANN and of clouds' metadata, those of Kubernetes). Where they lead is
 * judged at the socket all the same; this says it to whoever enters one.
 */
function isInnerName(host: string): boolean {
  const name = host.replace(/\.$/, '')
  return !name.includes('.') || /(^|\.)(internal|local|localdomain|home\.arpa|svc)$|\.$/.test(name)
}

/** In URLs the parser has written every spelling of an IPv4 address in one way, and IPv6 stands in brackets. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

const portOf = (url: URL) => Number(url.port || (url.protocol === 'https:' ? 443 : 80))
const isUsualPort = (port: number) => port === 80 || port === 443

/** Asks DNS itself: `getaddrinfo` would hold one of four threads for every name that does not answer. */
export function createResolve(resolver = new Resolver({ timeout: 2_000, tries: 2 })): Resolve {
  return async (hostname) => {
    const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  }
}

/** @example const outgoing = createOutgoing(config) */
export function createOutgoing(
  rules: AddressRules,
  {
    resolve = createResolve(),
    timeoutMs = OUTGOING_TIMEOUT_MS,
    ca,
  }: { resolve?: Resolve; timeoutMs?: number; ca?: string } = {},
): Outgoing {
  const judge = createJudgeAddress(rules.outgoingAllowCidrs)

  async function findAddresses(host: string, port: number): Promise<string[]> {
    const all = isIP(host) > 0 ? [host] : isLocalName(host) ? LOOPBACK : await resolve(host)
    if (all.length === 0) throw new OutgoingFailure('The name could not be resolved.')
    const verdicts = all.map((address) => ({ address, verdict: judge(address) }))
    const reachable = verdicts.filter(({ verdict }) => verdict !== 'refused')
    if (reachable.length === 0)
      throw new OutgoingFailure('The name leads to an address that may not be called.')
    const open = reachable.filter(({ verdict }) => verdict === 'allowed' || isUsualPort(port))
    if (open.length === 0) throw new OutgoingFailure('Only ports 80 and 443 may be called.')
    return open.map(({ address }) => address)
  }

  const connect: buildConnector.connector = (target, callback) => {
    const port = Number(target.port || (target.protocol === 'https:' ? 443 : 80))
    findAddresses(target.hostname, port).then(
      (addresses) => {
        const open = buildConnector({
          timeout: CONNECT_TIMEOUT_MS,
          allowH2: false,
          ca,
          autoSelectFamily: true,
          // The socket sees what was judged, never a name that could mean something else by now.
          lookup: (_hostname, _options, found) =>
            (found as (error: null, all: { address: string; family: number }[]) => void)(
              null,
              addresses.map((address) => ({ address, family: isIP(address) })),
            ),
        } as buildConnector.BuildOptions)
        open(target, (...[error, socket]: Parameters<buildConnector.Callback>) => {
          if (error) return callback(error, null)
          // And once more where nothing can be in between: at the other end of the open socket.
          const { remoteAddress = '' } = socket as Socket
          if (judge(remoteAddress) !== 'refused') return callback(null, socket)
          socket.destroy()
          callback(new OutgoingFailure('The name leads to an address that may not be called.'), null)
        })
      },
      (error: Error) => callback(error, null),
    )
  }
  const agent = new Agent({
    connect,
    // No limit per origin: strangers share one at the big hosters, and one who hangs would hold the others' places.
    // Who calls bounds how much is under way.
    connections: null,
    pipelining: 1,
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  })

  return {
    async post(text, { headers, body }) {
      const wrong = findWrongInUrl(text, rules)
      if (wrong) throw new OutgoingFailure(`The address ${wrong}.`)
      const signal = AbortSignal.timeout(timeoutMs)
      try {
        // Follows no redirect and decompresses nothing.
        const answer = await request(new URL(text), {
          method: 'POST',
          headers,
          body,
          dispatcher: agent,
          signal,
        })
        const retryAfter = answer.headers['retry-after']
        return {
          status: answer.statusCode,
          retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
          excerpt: await readExcerpt(answer.body),
        }
      } catch (error) {
        throw error instanceof OutgoingFailure ? error : explain(error as NodeJS.ErrnoException, signal)
      }
    },
    end: () => agent.destroy(),
  }
}

async function readExcerpt(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    // Leaving the loop closes the connection: whoever sends more sends it to nobody.
    if (bytes >= ANSWER_BYTES_MAX) break
  }
  const text = Buffer.concat(chunks).subarray(0, ANSWER_BYTES_MAX).toString('utf8')
  // PostgreSQL holds no NUL.
  return text.replaceAll('\u0000', '\ufffd')
}

function explain(error: NodeJS.ErrnoException, signal: AbortSignal): OutgoingFailure {
  const code = error.code ?? ''
  const is = (pattern: RegExp) => pattern.test(code)
  if (signal.aborted || is(/TIMEOUT|TIMEDOUT/)) return new OutgoingFailure('No answer in time.')
  if (is(/^ECONNREFUSED|EHOSTUNREACH|ENETUNREACH/)) return new OutgoingFailure('The connection was refused.')
  if (is(/CERT|SSL|TLS|ALTNAME|SELF_SIGNED|UNABLE_TO_VERIFY/))
    return new OutgoingFailure('The TLS certificate is not valid for this address.')
  if (is(/^UND_ERR_HEADERS_OVERFLOW|^HPE_/))
    return new OutgoingFailure('The answer is not HTTP that we accept.')
  return new OutgoingFailure('The connection broke.')
}
