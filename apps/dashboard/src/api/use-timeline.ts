import { useState } from 'react'
import type { Entry, Timeline } from '../../../api/src/analytics/timeline.ts'
import { call } from './call.ts'
import { type Answer, useAnswer } from './use-answer.ts'

export type { Entry, Mark, Timeline } from '../../../api/src/analytics/timeline.ts'

export interface TimelinePages extends Answer<Timeline> {
  hasMore: boolean
  /** The last page has come, after others. */
  isAtEnd: boolean
  isLoadingMore: boolean
  moreError: unknown
  loadMore(): void
}

/** A session's timeline, a thousand entries at a time. */
export function useTimeline(path: string): TimelinePages {
  const first = useAnswer<Timeline>(path)
  const [later, setLater] = useState<
    { of: Timeline; entries: Entry[]; nextAfter: number | null } | undefined
  >()
  const [isLoadingMore, setLoadingMore] = useState(false)
  const [moreError, setMoreError] = useState<unknown>()
  const more = later && later.of === first.value ? later : undefined
  const value = first.value &&
    more && { ...first.value, entries: [...first.value.entries, ...more.entries], nextAfter: more.nextAfter }

  async function loadMore() {
    const of = first.value
    const after = (value ?? of)?.nextAfter
    if (!of || after === null || after === undefined) return
    setLoadingMore(true)
    setMoreError(undefined)
    try {
      const next = await call<Timeline>('GET', `${path}?after=${after}`)
      setLater({ of, entries: [...(more?.entries ?? []), ...next.entries], nextAfter: next.nextAfter })
    } catch (error) {
      setMoreError(error)
    }
    setLoadingMore(false)
  }

  const shown = value ?? first.value
  const hasMore = shown !== undefined && shown.nextAfter !== null
  const isAtEnd = more !== undefined && !hasMore
  return { ...first, value: shown, hasMore, isAtEnd, isLoadingMore, moreError, loadMore }
}
