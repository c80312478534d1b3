import type { ReactNode } from 'react'
import { Form as AriaForm } from 'react-aria-components'
import type { Submit } from '../api/use-submit.ts'
import { ProblemNotice } from './notice.tsx'

/** A form that is sent once at a time; what the API says about a field stands beside it and takes the focus. */
export function Form({ submit, children }: { submit: Submit<[]>; children: ReactNode }) {
  return (
    <AriaForm
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
