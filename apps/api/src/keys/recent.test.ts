import { expect, test } from 'vitest'
import { Recent } from './recent.ts'

test('it never holds more than it may, whatever is asked for', () => {
  for (const max of [2, 3, 10, 101]) {
    const recent = new Recent<number>(max)
    for (let i = 0; i < 1_000; i += 1) {
      recent.set(`k${i}`, i)
      recent.get(`k${i - 7}`)
      recent.get(`k${(i * 31) % (i + 1)}`)
      expect(recent.size).toBeLessThanOrEqual(max)
    }
  }
})

test('the latest half is there, and what nobody asked for since is forgotten', () => {
  const recent = new Recent<number>(10)
  for (let i = 0; i < 100; i += 1) {
    recent.set(`k${i}`, i)
    for (let back = 0; back < Math.min(5, i + 1); back += 1) expect(recent.get(`k${i - back}`)).toBe(i - back)
  }
  expect(recent.get('k0')).toBeUndefined()
})

test('who asks again and again finds it, however much comes in between', () => {
  const recent = new Recent<string>(10)
  recent.set('beating', 'session')
  for (let i = 0; i < 1_000; i += 1) {
    recent.set(`k${i}`, 'other')
    if (i % 4 === 0) expect(recent.get('beating')).toBe('session')
  }
})

test('setting again replaces, also what has become old', () => {
  const recent = new Recent<number>(4)
  recent.set('a', 1)
  recent.set('b', 1)
  recent.set('c', 1)
  recent.set('a', 2)
  expect(recent.get('a')).toBe(2)
  recent.set('a', 3)
  expect(recent.get('a')).toBe(3)
})
