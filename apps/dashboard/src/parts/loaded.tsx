import { type ReactNode, useLayoutEffect, useRef } from 'react'
import type { Answer, Pages } from '../api/use-answer.ts'
import { Button } from './button.tsx'
import { ProblemNotice } from './notice.tsx'

/** What every page shows while it waits and when it did not get what it asked for; what it had before stays below that. */
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
  const { value, error, reload } = answer
  if (value === undefined && error === undefined) return <Loading what={what} />
  return (
    <>
      {error !== undefined && <ProblemNotice error={error} onRetry={reload} />}
      {value !== undefined && children(value)}
    </>
  )
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

/** Below a list that comes page by page. Where the last one has come, the focus that the button had goes to the sentence. */
export function MoreButton({
  pages: { value, moreError, hasMore, isAtEnd, isLoadingMore, loadMore },
}: {
  pages: Omit<Pages<unknown>, 'value'> & { value: unknown }
}) {
  const end = useRef<HTMLParagraphElement>(null)
  // Before anything else sees that the button has gone.
  useLayoutEffect(() => {
    if (isAtEnd && document.activeElement === document.body) end.current?.focus()
  }, [isAtEnd])
  // Without a first page the list itself says what is wrong.
  if (value === undefined) return null
  return (
    <>
      {moreError !== undefined && <ProblemNotice error={moreError} />}
      {hasMore && (
        <div className="actions">
          <Button kind="quiet" isBusy={isLoadingMore} onPress={loadMore}>
            Show more
          </Button>
        </div>
      )}
      {isAtEnd && (
        <p className="hint" tabIndex={-1} ref={end}>
          That is all.
        </p>
      )}
    </>
  )
}
