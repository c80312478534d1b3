/**
 * Randomness that a seed repeats. Every actor has a stream of its own, so what one does never changes the draws
 * of another.
 *
 * @module
 */
import { createHash } from 'node:crypto'

export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number
  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number
  chance(probability: number): boolean
  pick<T>(values: readonly T[]): T
  /** `length` characters that are safe in ids. */
  name(length: number): string
}

const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz'

/** @example createRandom('42', 'person 7').whole(1, 6) */
export function createRandom(...seed: (string | number)[]): Random {
  const digest = createHash('sha256').update(seed.join('/')).digest()
  let [a, b, c, d] = [0, 4, 8, 12].map((offset) => digest.readUInt32LE(offset)) as [
    number,
    number,
    number,
    number,
  ]
  // sfc32: 128 bits of state, passes PractRand.
  const next = () => {
    const t = (a + b + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + t
    c |= 0
    return (t >>> 0) / 4294967296
  }
  const whole = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    whole,
    chance: (probability) => next() < probability,
    pick: (values) => values[whole(0, values.length - 1)] as (typeof values)[number],
    name: (length) => Array.from({ length }, () => LETTERS[whole(0, 31)]).join(''),
  }
}
