// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from 'vitest'
import { createBrowserPorts } from './browser-ports.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

test('a storage that is full keeps nothing, and what it held before is not taken for what is', () => {
  const held = new Map([['tm:prv_1', 'old']])
  let isFull = true
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => held.get(key) ?? null,
    setItem(key: string, value: string) {
      if (isFull) throw new DOMException('', 'QuotaExceededError')
      held.set(key, value)
    },
  })
  const { storage } = createBrowserPorts()
  expect(storage.get('tm:prv_1')).toBe('old')
  storage.set('tm:prv_1', 'mine')
  expect(storage.get('tm:prv_1')).toBe('mine')
  isFull = false
  storage.set('tm:prv_1', 'mine, later')
  // From here on the tabs share it again.
  held.set('tm:prv_1', 'of another tab')
  expect(storage.get('tm:prv_1')).toBe('of another tab')
})
