/**
 * Prefixed ids that sort by time: `ses_01k…`, 48 bits of milliseconds and 80 random bits in Crockford's base 32
 * (the layout of a ULID, in lower case).
 *
 * @module
 */
import { randomFillSync } from 'node:crypto'

export type IdPrefix =
  | 'usr'
  | 'prv'
  | 'ses'
  | 'pur'
  | 'trf'
  | 'hld'
  | 'whe'
  | 'evt'
  | 'dlv'
  | 'pay'
  | 'ten'
  | 'org'
  | 'key'
  | 'fam'
  | 'req'
  | 'aud'
  | 'rfd'
  | 'chk'
  | 'inv'

/** The open marketplace. */
export const PUBLIC_TENANT_ID = 'ten_00000000000000000000000000'

const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz'
const pool = Buffer.alloc(10 * 256)
let poolOffset = pool.length

/** @example createId('ses', new Date()) // 'ses_01k4w3…' */
export function createId(prefix: IdPrefix, now: Date): string {
  if (poolOffset === pool.length) {
    randomFillSync(pool)
    poolOffset = 0
  }
  let time = now.getTime()
  let timePart = ''
  for (let i = 0; i < 10; i += 1) {
    timePart = DIGITS[time % 32] + timePart
    time = Math.floor(time / 32)
  }
  let randomPart = ''
  for (let half = 0; half < 2; half += 1) {
    let bits = pool.readUIntBE(poolOffset, 5)
    poolOffset += 5
    for (let i = 0; i < 8; i += 1) {
      randomPart += DIGITS[bits % 32]
      bits = Math.floor(bits / 32)
    }
  }
  return `${prefix}_${timePart}${randomPart}`
}

/**
 * Below every id made at that instant or later, above every earlier one: ranges of time as ranges of ids.
 *
 * @example `where id >= ${idFloor('evt', from)} and id < ${idFloor('evt', to)}`, as bound values
 */
export const idFloor = (prefix: IdPrefix, at: Date) => createId(prefix, at).slice(0, prefix.length + 11)

/** The pattern of an id on the wire. */
export const idPattern = (prefix: IdPrefix) => `^${prefix}_[0-9a-hjkmnp-tv-z]{26}$`
