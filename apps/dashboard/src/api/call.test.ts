import { expect, test, vi } from 'vitest'
import { Unreachable } from './http.ts'

vi.mock('./sign-in.ts', () => ({ waitForAccessToken: async () => 'a token' }))

const { call, fetchFile } = await import('./call.ts')

/** A network that goes away in the middle of an answer. */
const broken = () =>
  new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"items":'))
        controller.error(new TypeError('network error'))
      },
    }),
  )

test('an answer that breaks off is one that did not come, not a mistake of the page', async () => {
  vi.stubGlobal('fetch', async () => broken())
  await expect(call('GET', '/it')).rejects.toBeInstanceOf(Unreachable)
  await expect(fetchFile('/it', { accept: 'text/csv' })).rejects.toBeInstanceOf(Unreachable)
})

test('what is no answer of the API is one that did not come', async () => {
  vi.stubGlobal('fetch', async () => new Response('<title>Sign in to this network</title>'))
  await expect(call('GET', '/it')).rejects.toBeInstanceOf(Unreachable)
})

test('what broke off is sent again under the same key, so that it is done once', async () => {
  const keys: (string | null)[] = []
  vi.stubGlobal('fetch', async (_path: string, { headers }: RequestInit) => {
    keys.push(new Headers(headers).get('idempotency-key'))
    return keys.length === 1 ? broken() : Response.json({})
  })
  await expect(call('POST', '/it', {})).rejects.toBeInstanceOf(Unreachable)
  await call('POST', '/it', {})
  await call('POST', '/it', {})
  expect(keys[1]).toBe(keys[0])
  expect(keys[2]).not.toBe(keys[0])
})
