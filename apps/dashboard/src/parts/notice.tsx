import type { ReactNode } from 'react'
import { SignedOut } from '../api/http.ts'
import { describeProblem } from '../api/problem-words.ts'
import { Link } from '../router.tsx'
import { Button } from './button.tsx'

/** What the API refused or could not do, in human words, with what to tell us. */
export function ProblemNotice({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  if (error === undefined || error === null) return null
  const { title, text, requestId } = describeProblem(error)
  return (
    <div className="notice is-problem" role="alert">
      <p className="notice-title">{title}</p>
      {text && <p>{text}</p>}
      {requestId && (
        <p className="hint">
          If it stays, tell us <code>{requestId}</code>.
        </p>
      )}
      <div className="actions">
        {error instanceof SignedOut && (
          <Link className="button is-small" to="/sign-in">
            Sign in
          </Link>
        )}
        {onRetry && (
          <Button kind="quiet" size="small" onPress={onRetry}>
            Try again
          </Button>
        )}
      </div>
    </div>
  )
}

export function Notice({
  kind = 'attention',
  title,
  children,
}: {
  kind?: 'attention' | 'good'
  title: string
  children?: ReactNode
}) {
  return (
    <div className={`notice ${kind === 'good' ? 'is-good' : ''}`}>
      <p className="notice-title">{title}</p>
      {children}
    </div>
  )
}
