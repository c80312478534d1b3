/**
 * Which addresses calls to the outside may reach: public ones, and those that the operator of this server allows.
 *
 * @module
 */
import ipaddr from 'ipaddr.js'

type Cidr = ReturnType<typeof ipaddr.parseCIDR>

export type JudgeAddress = (address: string) => 'public' | 'allowed' | 'refused'

/** Public by number, yet answered by the host of a virtual machine: Azure's metadata and DNS. */
const METADATA = ipaddr.parseCIDR('168.63.129.16/32')
/** All of IPv6 that was ever given out for the public network. What lies outside is private, local or a tunnel. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3')

/**
 * @example
 * const judge = createJudgeAddress(['127.0.0.0/8'])
 * judge('127.0.0.1') // 'allowed'
 * judge('::ffff:127.0.0.1') // 'refused': no honest name resolves to a mapped address
 * @throws when a CIDR cannot be read.
 */
export function createJudgeAddress(allowCidrs: readonly string[]): JudgeAddress {
  const allowed = allowCidrs.map((cidr): Cidr => {
    if (!ipaddr.isValidCIDR(cidr)) throw new Error(`OUTGOING_ALLOW_CIDRS: ${cidr} is not a CIDR`)
    return ipaddr.parseCIDR(cidr)
  })
  return (text) => {
    // A zone says which of this machine's networks: nothing outside has one.
    if (text.includes('%') || !ipaddr.isValid(text)) return 'refused'
    const address = ipaddr.parse(text)
    if (allowed.some((cidr) => contains(cidr, address))) return 'allowed'
    // Everything that is not plain unicast: private, loopback, link-local, CGNAT, documentation, multicast,
    // broadcast, mapped, NAT64, 6to4, Teredo and whatever else IANA has set aside.
    if (address.range() !== 'unicast' || contains(METADATA, address)) return 'refused'
    if (address.kind() === 'ipv6' && !isPublicIPv6(address as ipaddr.IPv6)) return 'refused'
    return 'public'
  }
}

/** ISATAP writes an IPv4 address into the end of a public one (RFC 5214): a tunnel to wherever that leads. */
function isPublicIPv6(address: ipaddr.IPv6): boolean {
  const [, , , , fifth, sixth] = address.parts
  const isIsatap = sixth === 0x5efe && (fifth === 0 || fifth === 0x200)
  return contains(GLOBAL_UNICAST, address) && !isIsatap
}

function contains([network, bits]: Cidr, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return network.kind() === address.kind() && (address as ipaddr.IPv6).match(network as ipaddr.IPv6, bits)
}
