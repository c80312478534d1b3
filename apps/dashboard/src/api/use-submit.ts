import { useMemo, useRef, useState } from 'react'
import { Problem } from './http.ts'

export interface Submit<A extends unknown[]> {
  run(...values: A): Promise<void>
  isBusy: boolean
  /** Why the last try did not work. */
  error: unknown
  /** What is wrong with single fields, by their name. */
  fieldErrors: Record<string, string>
  clear(): void
}

/** Something a person does: once at a time, and with what went wrong kept to be shown. */
export function useSubmit<A extends unknown[]>(act: (...values: A) => Promise<unknown>): Submit<A> {
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const isRunning = useRef(false)
  // The same object for the same error: a form takes a new one for a new refusal.
  const fieldErrors = useMemo(() => fieldErrorsOf(error), [error])
  return {
    isBusy,
    error,
    fieldErrors,
    clear: () => setError(undefined),
    async run(...values) {
      if (isRunning.current) return
      isRunning.current = true
      setBusy(true)
      setError(undefined)
      try {
        await act(...values)
      } catch (failure) {
        setError(failure)
      }
      isRunning.current = false
      setBusy(false)
    },
  }
}

/** `/allowedOrigins/0` belongs to the field `allowedOrigins`. */
function fieldErrorsOf(error: unknown): Record<string, string> {
  if (!(error instanceof Problem)) return {}
  const byField: Record<string, string> = {}
  for (const { path, message } of error.errors) {
    const field = path.split('/')[1] ?? ''
    byField[field] = byField[field] ? `${byField[field]}; ${message}` : message
  }
  return byField
}
