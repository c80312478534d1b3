/**
 * E-mail addresses: what a person typed, and what tells two people apart.
 *
 * @module
 */
import { domainToASCII } from 'node:url'

/** Characters of an address as a whole (RFC 5321, 4.5.3.1). */
export const EMAIL_CHARACTERS_MAX = 254
const LOCAL_CHARACTERS_MAX = 64
/** Letters of any script, but nothing invisible, no space, no quoting, nothing that means something in a header. */
const LOCAL = /^[^\p{C}\p{Z}\p{DI}@"(),:;<>[\\\]]+$/u
/**
 * Letters and digits of any script, hyphens, and the two dots that part labels. Looked at before IDNA, which stops reading
 * where a URL's host would end and leaves out what is invisible.
 */
const DOMAIN = /^(?:(?!\p{DI})[\p{L}\p{M}\p{N}.。-])+$/u
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

export interface Email {
  /** As typed, without surrounding space, in composed form: what answers and mails show. */
  shown: string
  /** One per mailbox: NFKC, lower case, the domain in its ASCII form. */
  normalized: string
}

/**
 * Reads an address, or gives undefined where there is none.
 *
 * The local part is folded too (case, width, composition), although a mail server could tell `A@` from `a@`:
 * none in use does, and people type both. The domain goes through IDNA, so `bücher.example` and its `xn--` form
 * are one.
 *
 * @example normalizeEmail(' Ada@Bücher.example ')?.normalized // 'ada@xn--bcher-kva.example'
 */
export function normalizeEmail(typed: string): Email | undefined {
  const shown = typed.trim().normalize('NFC')
  if (shown.length > EMAIL_CHARACTERS_MAX) return undefined
  const folded = shown.normalize('NFKC').toLowerCase().normalize('NFKC')
  const at = folded.lastIndexOf('@')
  const local = folded.slice(0, at)
  if (at < 1 || local.length > LOCAL_CHARACTERS_MAX || !LOCAL.test(local)) return undefined
  if (local.startsWith('.') || local.endsWith('.') || local.includes('..')) return undefined
  const typedDomain = folded.slice(at + 1)
  if (!DOMAIN.test(typedDomain)) return undefined
  const domain = domainToASCII(typedDomain)
  const labels = domain.split('.')
  if (domain !== 'localhost' && labels.length < 2) return undefined
  // The last label is never a number: that would be an IPv4 address.
  if (!labels.every((label) => LABEL.test(label)) || /^\d+$/.test(labels.at(-1) ?? '')) return undefined
  const normalized = `${local}@${domain}`
  return normalized.length > EMAIL_CHARACTERS_MAX ? undefined : { shown, normalized }
}
