import { useState } from 'react'
import { useSubmit } from '../api/use-submit.ts'
import type { Endpoint } from '../api/wire.ts'
import { FormDialog } from '../parts/dialog.tsx'
import { type Choice, Choices, Field, OneOf } from '../parts/field.tsx'

type EventName = Endpoint['events'][number]

const events: readonly Choice<EventName>[] = [
  { value: 'session.started', label: 'session.started', hint: 'Your app has validated the launch.' },
  { value: 'session.paused', label: 'session.paused' },
  { value: 'session.resumed', label: 'session.resumed' },
  { value: 'session.extended', label: 'session.extended' },
  { value: 'session.completed', label: 'session.completed' },
  { value: 'session.expired', label: 'session.expired' },
  { value: 'session.abandoned', label: 'session.abandoned' },
  { value: 'session.cancelled', label: 'session.cancelled', hint: 'It was never opened.' },
  { value: 'session.revoked', label: 'session.revoked' },
  { value: 'earnings.posted', label: 'earnings.posted', hint: 'Per settled session, with fee and net.' },
  { value: 'provider.approved', label: 'provider.approved' },
  { value: 'provider.suspended', label: 'provider.suspended' },
  { value: 'provider.price_changed', label: 'provider.price_changed' },
]

export interface EndpointChange {
  url: string
  events: EventName[]
}

/** Where to send, and what. */
export function EndpointDialog({
  title,
  endpoint,
  action,
  onSubmit,
  onClose,
}: {
  title: string
  endpoint?: Endpoint
  action: string
  onSubmit: (change: EndpointChange) => Promise<unknown>
  onClose: () => void
}) {
  const [url, setUrl] = useState(endpoint?.url ?? '')
  const [scope, setScope] = useState<'all' | 'some'>(
    !endpoint || endpoint.events.includes('*') ? 'all' : 'some',
  )
  const [chosen, setChosen] = useState<EventName[]>(endpoint?.events.filter((name) => name !== '*') ?? [])
  const submit = useSubmit(() => onSubmit({ url: url.trim(), events: scope === 'all' ? ['*'] : chosen }))
  return (
    <FormDialog title={title} submit={submit} action={action} onClose={onClose}>
      <Field
        label="Address"
        name="url"
        value={url}
        onChange={setUrl}
        isRequired
        placeholder="https://app.example.com/webhooks"
        hint="We POST to it. It must answer 2xx within seconds; redirects are not followed."
      />
      <OneOf
        label="Events"
        value={scope}
        onChange={setScope}
        choices={[
          { value: 'all', label: 'All, also those to come' },
          { value: 'some', label: 'Only these' },
        ]}
      />
      {scope === 'some' && (
        <Choices label="Which" name="events" values={chosen} onChange={setChosen} choices={events} />
      )}
    </FormDialog>
  )
}
