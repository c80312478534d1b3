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
/** Two digits each, for ten bits. */
const PAIRS = [...DIGITS].flatMap((first) => [...DIGITS].map((second) => first + second))
const pool = Buffer.alloc(10 * 256)
let poolOffset = pool.length
/** Ids of a batch are made at one instant. */
let latest = { time: Number.NaN, digits: '' }

/** @example createId('ses', new Date()) // 'ses_01k4w3…' */
export function createId(prefix: IdPrefix, now: Date): string {
  if (poolOffset === pool.length) {
    randomFillSync(pool)
    poolOffset = 0
  }
  const time = now.getTime()
  if (time !== latest.time) latest = { time, digits: digitsOf(time, 5) }
  const [first, second] = [pool.readUIntBE(poolOffset, 5), pool.readUIntBE(poolOffset + 5, 5)]
  poolOffset += 10
  return `${prefix}_${latest.digits}${digitsOf(first, 4)}${digitsOf(second, 4)}`
}

function digitsOf(value: number, pairs: number): string {
  let digits = ''
  for (let [left, i] = [value, 0]; i < pairs; i += 1) {
    digits = PAIRS[left % 1024] + digits
    left = Math.floor(left / 1024)
  }
  return digits
}

/**
 * Below every id made at that instant or later, above every earlier one: ranges of time as ranges of ids. Before 1970
 * there were none.
 *
 * @example `where id >= ${idFloor('evt', from)} and id < ${idFloor('evt', to)}`, as bound values
 */
export const idFloor = (prefix: IdPrefix, at: Date) =>
  createId(prefix, new Date(Math.max(0, at.getTime()))).slice(0, prefix.length + 11)

/** The pattern of an id on the wire. */
export const idPattern = (prefix: IdPrefix) => `^${prefix}_[0-9a-hjkmnp-tv-z]{26}$`
