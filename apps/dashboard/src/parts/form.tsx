import { type ReactNode, useEffect, useRef } from 'react'
import { Form as AriaForm } from 'react-aria-components'
import type { Submit } from '../api/use-submit.ts'
import { ProblemNotice } from './notice.tsx'

/**
 * What was wrong with a field goes as it is mended. Else it goes when the field is left, by a press on the button below,
 * which would move away under that press.
 */
function endRefusal({ target }: Event) {
  if (!(target instanceof Element) || target.getAttribute('aria-invalid') !== 'true') return
  target.dispatchEvent(new Event('change', { bubbles: true }))
}

/**
 * A form that is sent once at a time; what the API says about a field stands beside it and takes the focus.
 *
 * What it says about the whole stands below, where the button is that was pressed: above a long form nobody sees it.
 */
export function Form({ submit, children }: { submit: Submit<[]>; children: ReactNode }) {
  const element = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (submit.error === undefined) return
    // The browser does so for what it finds itself, and knows nothing of what the API found.
    const wrong = element.current?.querySelector<HTMLElement>('[aria-invalid="true"]')
    if (wrong && Object.keys(submit.fieldErrors).length > 0) wrong.focus()
    else element.current?.lastElementChild?.scrollIntoView({ block: 'nearest' })
  }, [submit.error, submit.fieldErrors])
  useEffect(() => {
    const form = element.current
    form?.addEventListener('input', endRefusal)
    return () => form?.removeEventListener('input', endRefusal)
  }, [])
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
      {children}
      {submit.error !== undefined && <ProblemNotice error={submit.error} />}
    </AriaForm>
  )
}
