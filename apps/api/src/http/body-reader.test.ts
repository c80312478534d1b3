import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { createBodyReader } from './body-reader.ts'

/** A body that arrives piece by piece, and what becomes of it. */
function begin(read: (request: IncomingMessage) => Promise<Buffer>, headers: object = {}) {
  const sender = Object.assign(new PassThrough(), { headers })
  let end: string | undefined
  const isOver = read(sender as unknown as IncomingMessage).then(
    (body) => {
      end = body.toString()
    },
    ({ code }) => {
      end = code
    },
  )
  return {
    sender,
    async send(...pieces: string[]) {
      for (const piece of pieces) sender.write(piece)
      await new Promise(setImmediate)
      return end
    },
    async finish() {
      sender.end()
      await isOver
      return end
    },
    get end() {
      return end
    },
  }
}

test('a body is read whole', async () => {
  const read = createBodyReader({ bytesMax: 10, arrivingBytesMax: 10_000 })
  const body = begin(read)
  await body.send('12345', '67890')
  expect(await body.finish()).toBe('1234567890')
  expect(await begin(read).finish()).toBe('')
})

test('one that is too long is refused as soon as that is known', async () => {
  const read = createBodyReader({ bytesMax: 10, arrivingBytesMax: 10_000 })
  expect(await begin(read, { 'content-length': '11' }).send()).toBe('payload_too_large')
  expect(await begin(read).send('12345', '678901')).toBe('payload_too_large')
})

test('where not all that arrive fit together, the one that began first is given up', async () => {
  const read = createBodyReader({ bytesMax: 1_000, arrivingBytesMax: 2_000 })
  const all = [begin(read), begin(read), begin(read)] as const
  for (const body of all) await body.send('x'.repeat(600))
  expect(all.map(({ end }) => end)).toEqual(['request_timeout', undefined, undefined])
  expect(await all[2].send('x'.repeat(400))).toBeUndefined()
  expect(all[1].end).toBe('request_timeout')
  expect(await all[2].finish()).toHaveLength(1_000)
})

test.each<[string, (body: ReturnType<typeof begin>) => unknown, string]>([
  ['came whole', (body) => body.finish(), 'x'.repeat(900)],
  ['was too long', (body) => body.send('x'.repeat(200)), 'payload_too_large'],
  ['ended with its connection', (body) => body.sender.destroy(new Error('aborted')), 'malformed_request'],
])('what %s takes no room any more', async (_how, end, expected) => {
  const read = createBodyReader({ bytesMax: 1_000, arrivingBytesMax: 2_500 })
  const first = begin(read)
  await first.send('x'.repeat(900))
  await end(first)
  expect(await first.send()).toBe(expected)
  const [second, third] = [begin(read), begin(read)]
  await second.send('x'.repeat(900))
  await third.send('x'.repeat(900))
  expect([second.end, third.end]).toEqual([undefined, undefined])
})

test('bytes that come one by one take the room that they take', async () => {
  const read = createBodyReader({ bytesMax: 1_000, arrivingBytesMax: 10_000 })
  expect(await begin(read).send(...'x'.repeat(100))).toBe('request_timeout')
})
