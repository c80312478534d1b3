// @vitest-environment happy-dom
import { act, createElement, type FunctionComponent } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

/** What each path is answered, in turn; an error is a refusal, a promise is on its way. */
const answers = new Map<string, unknown[]>()
const asked: string[] = []

vi.mock('./call.ts', () => ({
  call: async (_method: string, path: string) => {
    asked.push(path)
    const answer = await answers.get(path)?.shift()
    if (answer instanceof Error) throw answer
    return answer
  },
}))

const { useAll, useAnswer, usePages, useRepeated } = await import('./use-answer.ts')

let root: Root

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)
  vi.useFakeTimers()
  answers.clear()
  asked.length = 0
  root = createRoot(document.createElement('div'))
})
afterEach(async () => {
  await act(async () => root.unmount())
  vi.useRealTimers()
})

/** Calls the hook in a component; gives what it gave last. */
async function render<P, R>(hook: (props: P) => R, first: P) {
  const given = { last: undefined as R, rerender: async (_props: P) => {} }
  const Host: FunctionComponent<{ props: P }> = ({ props }) => {
    given.last = hook(props)
    return null
  }
  given.rerender = (props) => act(async () => root.render(createElement(Host, { props })))
  await given.rerender(first)
  return given
}

const page = (from: number, to: number, nextCursor: string | null = null) => ({
  items: Array.from({ length: to - from }, (_, nth) => from + nth),
  nextCursor,
})
const refusal = new Error('refused')

test('a question that fails takes away nothing of what was answered before, and the next answer mends it', async () => {
  answers.set('/it', ['first', refusal, 'second'])
  const hook = await render(() => useAnswer<string>('/it'), {})
  expect(hook.last).toMatchObject({ value: 'first', error: undefined })
  await act(async () => hook.last.reload())
  expect(hook.last).toMatchObject({ value: 'first', error: refusal })
  await act(async () => hook.last.reload())
  expect(hook.last).toMatchObject({ value: 'second', error: undefined })
})

test('a list that is asked for again has as many rows as it had', async () => {
  const twice = [page(0, 2, 'two'), page(0, 2, 'two')]
  answers.set('/rows', twice).set('/rows?cursor=two', [page(2, 4, 'four'), page(2, 3)])
  const hook = await render(() => usePages<number>('/rows'), {})
  await act(async () => hook.last.loadMore())
  expect(hook.last).toMatchObject({ value: [0, 1, 2, 3], hasMore: true })
  // One of them is gone by now.
  await act(async () => hook.last.reload())
  expect(hook.last).toMatchObject({ value: [0, 1, 2], hasMore: false, isAtEnd: true })
})

test('a list that is asked for again is as long as it can be where a later page does not come', async () => {
  answers.set('/few', [page(0, 2, 'two'), page(0, 2, 'two')]).set('/few?cursor=two', [page(2, 4), refusal])
  const hook = await render(() => usePages<number>('/few'), {})
  await act(async () => hook.last.loadMore())
  await act(async () => hook.last.reload())
  expect(hook.last).toMatchObject({ value: [0, 1], error: undefined, hasMore: true })
})

test('a list that is wanted whole is all of its pages, or what kept one of them from coming', async () => {
  answers.set('/all', [page(0, 2, 'two'), page(0, 2, 'two')]).set('/all?cursor=two', [page(2, 3), refusal])
  const hook = await render(() => useAll<number>('/all'), {})
  expect(hook.last.value).toEqual([0, 1, 2])
  await act(async () => hook.last.reload())
  expect(hook.last).toMatchObject({ value: [0, 1, 2], error: refusal })
})

test('what became of the next page of one list says nothing of another', async () => {
  let answer = (_page: object) => {}
  const late = new Promise<object>((resolve) => {
    answer = resolve
  })
  answers.set('/a', [page(0, 1, 'one'), page(0, 1, 'one')]).set('/a?cursor=one', [refusal, late])
  answers.set('/b', [page(7, 8, 'eight'), page(7, 8, 'eight')])
  const hook = await render((path) => usePages<number>(path), '/a')
  await act(async () => hook.last.loadMore())
  expect(hook.last.moreError).toBe(refusal)
  await hook.rerender('/b')
  expect(hook.last).toMatchObject({ value: [7], moreError: undefined })

  await hook.rerender('/a')
  await act(async () => {
    hook.last.loadMore()
  })
  expect(hook.last.isLoadingMore).toBe(true)
  await hook.rerender('/b')
  expect(hook.last.isLoadingMore).toBe(false)
  await act(async () => answer(page(1, 2)))
  expect(hook.last.value).toEqual([7])
})

test('what is asked again and again waits for each answer, however late, and for somebody who looks', async () => {
  let answer = (_text: string) => {}
  const late = new Promise<string>((resolve) => {
    answer = resolve
  })
  answers.set('/live', ['first', late, 'third'])
  const hook = await render(() => {
    const read = useAnswer<string>('/live')
    useRepeated(read, 10_000)
    return read
  }, {})
  for (let nth = 0; nth < 3; nth += 1) await act(() => vi.advanceTimersByTimeAsync(10_000))
  expect(asked).toHaveLength(2)
  await act(async () => answer('late'))
  expect(hook.last.value).toBe('late')

  const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden')
  await act(() => vi.advanceTimersByTimeAsync(30_000))
  expect(asked).toHaveLength(2)
  visibility.mockRestore()
  await act(() => vi.advanceTimersByTimeAsync(10_000))
  expect(hook.last.value).toBe('third')
})
