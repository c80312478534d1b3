import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'

/** The caller's address; of IPv6 the network, because one customer has 2^64 addresses. */
export function addressOf({ ip }: FastifyRequest): string {
  if (!ip.includes(':') || !ipaddr.isValid(ip)) return ip
  const address = ipaddr.process(ip)
  if (address instanceof ipaddr.IPv4) return address.toString()
  return `${address.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`
}
