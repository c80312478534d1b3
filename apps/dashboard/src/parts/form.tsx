import { type ReactNode, useEffect, useRef } from 'react'
import { Form as AriaForm } from 'react-aria-components'
import type { Submit } from '../api/use-submit.ts'
import { ProblemNotice } from './notice.tsx'

/** A form that is sent once at a time; what the API says about a field stands beside it and takes the focus. */
export function Form({ submit, children }: { submit: Submit<[]>; children: ReactNode }) {
  const element = useRef<HTMLFormElement>(null)
  // The browser does so for what it finds itself, and knows nothing of what the API found.
  useEffect(() => {
    if (Object.keys(submit.fieldErrors).length === 0) return
    element.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [submit.fieldErrors])
  return (
    <AriaForm
      ref={element}
      className="form"
      validationErrors={submit.fieldErrors}
      onSubmit={(event) => {
        event.preventDefault()
        void submit.run()
      }}
    >
      {submit.error !== undefined && <ProblemNotice error={submit.error} />}
      {children}
    </AriaForm>
  )
}
