import { afterEach, beforeEach, expect, test, vi } from 'vitest'

/** The bodies that streams bring, in turn; then none comes any more. */
const bodies: ReadableStream<Uint8Array>[] = []
let opened = 0

vi.mock('./call.ts', () => ({
  sendAsUser: async () => {
    opened += 1
    return { body: bodies.shift() ?? new ReadableStream() }
  },
}))

const { watchEvents } = await import('./watch-events.ts')

let stop = () => {}
const told: unknown[] = []

beforeEach(() => {
  vi.useFakeTimers()
  bodies.length = 0
  told.length = 0
  opened = 0
})
afterEach(() => {
  stop()
  vi.useRealTimers()
})

function watch() {
  stop = watchEvents<number>('/live', {
    onEvent: (shown) => told.push(shown),
    onConnected: (isConnected) => told.push(isConnected),
    onRefused: (error) => told.push(error),
  })
}

const encoder = new TextEncoder()
const streamOf = (text: string, { isOpen = false } = {}) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(text))
      if (!isOpen) controller.close()
    },
  })

test('a stream on which nothing is heard any more counts as gone, and the next one is opened', async () => {
  bodies.push(streamOf('data: 1\n\n', { isOpen: true }), streamOf('data: 2\n\n', { isOpen: true }))
  watch()
  await vi.advanceTimersByTimeAsync(49_000)
  expect(told).toEqual([true, 1])
  await vi.advanceTimersByTimeAsync(3_000)
  expect(told).toEqual([true, 1, false, true, 2])
})

test('a stream that ends after it said something is followed by the next at once', async () => {
  bodies.push(streamOf('data: 1\n\n'), streamOf('data: 2\n\n', { isOpen: true }))
  watch()
  await vi.advanceTimersByTimeAsync(0)
  expect(told).toEqual([true, 1, true, 2])
})

test('streams that end without a word are not asked for again and again without a pause', async () => {
  bodies.push(...Array.from({ length: 100 }, () => streamOf('')))
  watch()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(opened).toBe(4)
})
