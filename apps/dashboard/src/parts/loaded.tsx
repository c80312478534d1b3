import { type ReactNode, useEffect, useRef } from 'react'
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

/** Below a list that comes page by page. Where the last one has come, the focus that the button had goes to the sentence. */
export function MoreButton({
  pages: { value, error, hasMore, isAtEnd, isLoadingMore, loadMore },
}: {
  pages: Omit<Pages<unknown>, 'value' | 'isLoading' | 'reload'> & { value: unknown }
}) {
  const end = useRef<HTMLParagraphElement>(null)
  useEffect(() => {
    if (isAtEnd && document.activeElement === document.body) end.current?.focus()
  }, [isAtEnd])
  // Without a first page the list itself says what is wrong.
  if (value === undefined) return null
  return (
    <>
      {error !== undefined && <ProblemNotice error={error} />}
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
