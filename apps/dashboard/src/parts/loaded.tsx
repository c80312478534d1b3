import type { ReactNode } from 'react'
import type { Answer, Pages } from '../api/use-answer.ts'
import { Button } from './button.tsx'
import { ProblemNotice } from './notice.tsx'

/** What every page shows while it waits and when it did not get what it asked for. */
export function Loaded<T>({
  answer,
  what,
  children,
}: {
  answer: Answer<T>
  /** What is being waited for, as in "Loading the keys". */
  what: string
  children: (value: T) => ReactNode
}) {
  if (answer.value === undefined && answer.error !== undefined) {
    return <ProblemNotice error={answer.error} onRetry={answer.reload} />
  }
  if (answer.value === undefined) return <Loading what={what} />
  return <>{children(answer.value)}</>
}

export function Loading({ what }: { what: string }) {
  return <output className="loading">Loading {what}…</output>
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
    </div>
  )
}

export function MoreButton<T>({ pages }: { pages: Pages<T> }) {
  // Without a first page the list itself says what is wrong.
  if (pages.value !== undefined && pages.error !== undefined)
    return <ProblemNotice error={pages.error} onRetry={pages.loadMore} />
  if (!pages.hasMore) return null
  return (
    <div className="actions">
      <Button kind="quiet" isBusy={pages.isLoadingMore} onPress={pages.loadMore}>
        Show more
      </Button>
    </div>
  )
}
