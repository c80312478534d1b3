import { useState } from 'react'
import { useAccount } from '../account.tsx'
import { call } from '../api/call.ts'
import { useSubmit } from '../api/use-submit.ts'
import type { OwnProvider } from '../api/wire.ts'
import { Button } from '../parts/button.tsx'
import { Copyable } from '../parts/copy.tsx'
import { Field, OneOf } from '../parts/field.tsx'
import { Form } from '../parts/form.tsx'
import { Notice } from '../parts/notice.tsx'
import { say } from '../parts/say.ts'
import { ProviderState } from '../parts/state.tsx'
import { PageTitle } from '../router.tsx'
import { changeOf, type ListingForm, listingOf } from './listing-change.ts'
import { AddressFields, ListingFields } from './listing-fields.tsx'
import type { ProviderPage } from './provider-page.ts'

export const Settings: ProviderPage = ({ provider }) => {
  const { keepProvider, installation } = useAccount()
  const [form, setForm] = useState(() => listingOf(provider))
  // What the API has, as far as this page knows.
  const [known, setKnown] = useState(form)
  const [saved, setSaved] = useState<ListingForm | undefined>()
  const change = (changes: Partial<ListingForm>) => setForm({ ...form, ...changes })
  const save = useSubmit(async () => {
    const changes = changeOf(known, form)
    if (Object.keys(changes).length > 0) {
      keepProvider(await call<OwnProvider>('PATCH', `/providers/${provider.id}`, changes))
    }
    setKnown(form)
    setSaved(form)
    say('Saved')
  })
  return (
    <>
      <div className="page-head">
        <PageTitle>Settings</PageTitle>
        <ProviderState status={provider.status} />
      </div>
      <p>
        <Copyable text={provider.id} label="Copy the id" />
      </p>
      {provider.status === 'listed' && provider.reviewNote && (
        <Notice title="An operator took your last change back">
          <p className="typed-text">“{provider.reviewNote}”</p>
        </Notice>
      )}
      <Form submit={save}>
        <h2>Listing</h2>
        <ListingFields listing={form} onChange={change} />
        <Field
          label="Icon (optional)"
          name="iconUrl"
          value={form.iconUrl}
          onChange={(iconUrl) => change({ iconUrl })}
          placeholder="https://app.example.com/icon.svg"
          hint="An image, https only."
        />
        <h2>Addresses</h2>
        {provider.heldAddresses && (
          <Notice title="New addresses wait for an operator">
            <p className="typed-text">
              Until they are approved, sessions open {provider.launchUrl}, and pages may run at{' '}
              {provider.allowedOrigins.join(', ')}. To take it back, enter those again.
            </p>
          </Notice>
        )}
        {provider.status === 'listed' && installation.isReviewed && !provider.heldAddresses && (
          <p className="hint">An address on another host is looked at by an operator before it is used.</p>
        )}
        <AddressFields listing={form} onChange={change} />
        <OneOf
          label="How the launch is handed over"
          value={form.place}
          onChange={(place) => change({ place })}
          choices={[
            { value: 'query', label: 'In the query', hint: 'A server can read it, and may log it.' },
            { value: 'fragment', label: 'In the fragment', hint: 'Never reaches a server, nor its log.' },
          ]}
        />
        <div className="actions">
          <Button type="submit" needs="developer" isBusy={save.isBusy}>
            Save
          </Button>
          {saved === form && (
            <span className="hint">
              {provider.heldAddresses
                ? 'Saved. The new addresses wait for an operator.'
                : 'Saved. Pages learn of new origins within seconds.'}
            </span>
          )}
        </div>
      </Form>
    </>
  )
}
