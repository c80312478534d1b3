import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createId, idFloor, idPattern } from './id.ts'

const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz'
const timeOf = (id: string) =>
  [...id.slice(4, 14)].reduce((time, digit) => time * 32 + DIGITS.indexOf(digit), 0)
const instants = fc.date({ min: new Date(0), max: new Date(2 ** 48 - 1), noInvalidDate: true })

test('an id says its instant, as a ULID does, and sorts by it', () => {
  fc.assert(
    fc.property(instants, instants, (one, other) => {
      const [first, second] = [createId('ses', one), createId('ses', other)]
      expect(first).toMatch(new RegExp(idPattern('ses')))
      expect([timeOf(first), timeOf(second)]).toEqual([one.getTime(), other.getTime()])
      if (one < other) expect(first < second).toBe(true)
      expect(idFloor('ses', one) <= first && createId('ses', one) >= idFloor('ses', one)).toBe(true)
    }),
  )
})

test('the layout is that of Crockford’s base 32', () => {
  // 2016-07-30T23:54:10.259Z is the example of the ULID specification.
  expect(createId('evt', new Date(1_469_922_850_259)).slice(0, 14)).toBe('evt_01arz3ndek')
})

test('of one instant no two are the same, and each of the 80 bits is both', () => {
  const now = new Date()
  const ids = Array.from({ length: 20_000 }, () => createId('evt', now))
  expect(new Set(ids).size).toBe(ids.length)
  for (let place = 14; place < 30; place += 1)
    expect([place, [...new Set(ids.map((id) => id[place]))].sort().join('')]).toEqual([place, DIGITS])
})
