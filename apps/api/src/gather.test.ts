import { expect, test } from 'vitest'
import { createGatherer } from './gather.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A database that answers when it is told to. */
function gather(options: { lanes?: number; waitingMax?: number; fail?: (input: string) => boolean } = {}) {
  const { fail = () => false, ...rest } = options
  const batches: { inputs: string[]; answer: () => void }[] = []
  const call = createGatherer<string, string>({
    run: (inputs) =>
      new Promise((resolve, reject) => {
        const answer = () => (inputs.some(fail) ? reject(new Error('poisoned')) : resolve(inputs))
        batches.push({ inputs, answer })
      }),
    keyOf: (input) => input.split(':', 1)[0] ?? '',
    overload: () => new Error('overload'),
    ...rest,
  })
  return { call, batches, sizes: () => batches.map(({ inputs }) => inputs.length) }
}

const names = (count: number) => Array.from({ length: count }, (_, i) => `s${i}`)

test('a call that meets a free lane goes at once, alone', async () => {
  const { call, batches } = gather()
  const answer = call('a')
  await turn()
  expect(batches.map(({ inputs }) => inputs)).toEqual([['a']])
  batches[0]?.answer()
  expect(await answer).toBe('a')
})

test('a crowd that comes at once is shared by the lanes, so that none of them stands still', async () => {
  const { call, sizes } = gather({ lanes: 2 })
  for (const name of names(100)) call(name)
  await turn()
  expect(sizes()).toEqual([50, 50])
})

test('what comes while both lanes are busy is shared again, with what is on its way', async () => {
  const { call, batches, sizes } = gather({ lanes: 2 })
  for (const name of names(20)) call(name)
  await turn()
  for (const name of names(60)) call(`late-${name}`)
  await turn()
  expect(sizes()).toEqual([10, 10])
  batches[0]?.answer()
  await turn()
  // 60 wait and 10 are in flight: half of all that.
  expect(sizes()).toEqual([10, 10, 35])
})

test('a handful stays together', async () => {
  const { call, sizes } = gather({ lanes: 2 })
  for (const name of names(8)) call(name)
  await turn()
  expect(sizes()).toEqual([8])
})

test('two calls of one key never share a batch', async () => {
  const { call, batches } = gather({ lanes: 1 })
  for (const input of ['a:1', 'b:1', 'a:2']) call(input)
  await turn()
  batches[0]?.answer()
  await turn()
  expect(batches.map(({ inputs }) => inputs)).toEqual([['a:1', 'b:1'], ['a:2']])
})

test('one poisoned call sinks nobody else', async () => {
  const { call, batches } = gather({ lanes: 1, fail: (input) => input === 'bad' })
  const answers = Promise.allSettled(['good', 'bad', 'fine'].map(call))
  for (let next = 0; next < 4; next += 1) {
    await turn()
    batches[next]?.answer()
  }
  expect((await answers).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

test('a failed batch gives its share back', async () => {
  const { call, batches, sizes } = gather({ lanes: 2, fail: (input) => input === 'bad' })
  const failing = call('bad').catch((error: Error) => error.message)
  await turn()
  batches[0]?.answer()
  expect(await failing).toBe('poisoned')
  for (const name of names(40)) call(name)
  await turn()
  expect(sizes()).toEqual([1, 20, 20])
})

test('more than may wait is refused at once', async () => {
  const { call } = gather({ lanes: 1, waitingMax: 2 })
  for (const name of ['a', 'b']) call(name)
  await expect(call('c')).rejects.toThrow('overload')
})
