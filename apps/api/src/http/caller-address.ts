import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'

type From = Pick<FastifyRequest, 'ip' | 'socket'>

/** Some proxies name the port, too, which is another one for every connection: `192.0.2.1:50000`, `[2001:db8::1]:50000`. */
const WITH_PORT = /^(?:([\d.]+)|\[([\da-f:.]+)\]):\d+$/i

/** The caller's address; what a trusted proxy says that is none is as good as nothing said. */
export function ipOf({ ip, socket }: From): string {
  if (isIP(ip)) return ip
  const [, v4, v6] = WITH_PORT.exec(ip) ?? []
  const address = v4 ?? v6 ?? ''
  return isIP(address) ? address : (socket.remoteAddress ?? '')
}

/** By whom calls are counted: the caller's address; of IPv6 the network, because one customer has 2^64 addresses. */
export function addressOf(request: From): string {
  const ip = ipOf(request)
  if (!ip.includes(':')) return ip
  const address = ipaddr.process(ip)
  if (address instanceof ipaddr.IPv4) return address.toString()
  return `${address.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`
}
