/**
 * The chain over the audit log: how a link's hash is made. An entry that is changed, removed or slipped in breaks it.
 *
 * @module
 */
import { createHmac } from 'node:crypto'

/** What stands before the first link. */
export const CHAIN_START = Buffer.alloc(32)

/** Any constant: whoever extends the chain holds it until the commit. */
export const CHAIN_LOCK = 7_307_000_001

/** @param text the entry, as `audit_text` of the database writes it */
export function linkHash(key: Buffer, link: { before: Uint8Array; sequence: number; text: string }): Buffer {
  return createHmac('sha256', key).update(link.before).update(`${link.sequence}\n`).update(link.text).digest()
}
