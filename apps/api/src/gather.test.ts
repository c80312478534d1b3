import { expect, test } from 'vitest'
import { BUSY, createGatherer } from './gather.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A database that answers when it is told to. */
function gather(options: { lanes?: number; waitingMax?: number; fail?: (input: string) => boolean } = {}) {
  const { fail = () => false, ...rest } = options
  const batches: { inputs: string[]; answer: () => void }[] = []
  const call = createGatherer<string, string>({
    name: 'calls',
    run: (inputs) =>
      new Promise((resolve, reject) => {
        const answer = () => (inputs.some(fail) ? reject(new Error('poisoned')) : resolve(inputs))
        batches.push({ inputs, answer })
      }),
    keyOf: (input) => input.split(':', 1)[0] ?? '',
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

test('two calls of one key are not under way at once: they would only be in one another’s way', async () => {
  const { call, batches } = gather({ lanes: 2 })
  const answers = ['a:1', 'a:2', 'b:1'].map(call)
  await turn()
  call('a:3')
  call('c:1')
  await turn()
  expect(batches.map(({ inputs }) => inputs)).toEqual([['a:1', 'b:1'], ['c:1']])
  batches[0]?.answer()
  await turn()
  expect(batches.map(({ inputs }) => inputs)).toEqual([['a:1', 'b:1'], ['c:1'], ['a:2']])
  batches[2]?.answer()
  await turn()
  expect(batches[3]?.inputs).toEqual(['a:3'])
  expect(await Promise.all(answers)).toEqual(['a:1', 'a:2', 'b:1'])
})

test('what waited for a key is shared by the lanes when the key is free', async () => {
  const { call, batches, sizes } = gather({ lanes: 2 })
  for (const name of names(40)) call(`${name}:1`)
  await turn()
  for (const name of names(20)) call(`${name}:2`)
  batches[1]?.answer()
  await turn()
  expect(sizes()).toEqual([20, 20])
  batches[0]?.answer()
  await turn()
  expect(sizes()).toEqual([20, 20, 10, 10])
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
  await expect(call('c')).rejects.toThrow('too many are waiting')
})

test('what is locked comes again with a later batch, and holds up nobody', async () => {
  const runs: string[][] = []
  let isLocked = true
  const call = createGatherer<string, string>({
    name: 'calls',
    run: async (inputs) => {
      runs.push(inputs)
      return inputs.map((input) => (input === 'locked' && isLocked ? BUSY : input))
    },
  })
  const late = call('locked')
  expect(await call('free')).toBe('free')
  isLocked = false
  expect(await late).toBe('locked')
  expect(runs).toEqual([['locked', 'free'], ['locked']])
})

test('of a database that is away all hear at once: nobody knows what became of the batch, so it is not run again', async () => {
  let runs = 0
  const call = createGatherer<string, string>({
    name: 'calls',
    run: () => {
      runs += 1
      return Promise.reject(Object.assign(new Error('gone'), { code: 'ECONNRESET' }))
    },
  })
  const answers = await Promise.allSettled(['a', 'b', 'c'].map(call))
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(runs).toBe(1)
})

test('calls that go alone go side by side: one that waits holds up no other', async () => {
  let release = () => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const call = createGatherer<string, string>({
    name: 'calls',
    run: async (inputs) => {
      if (inputs.length > 1) throw new Error('poisoned')
      if (inputs[0] === 'slow') await gate
      return inputs
    },
  })
  const slow = call('slow')
  expect(await Promise.all(names(7).map(call))).toEqual(names(7))
  release()
  expect(await slow).toBe('slow')
})
