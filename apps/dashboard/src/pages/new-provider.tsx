import { useState } from 'react'
import { useAccount } from '../account.tsx'
import { call } from '../api/call.ts'
import { useSubmit } from '../api/use-submit.ts'
import type { OwnProvider } from '../api/wire.ts'
import { Button } from '../parts/button.tsx'
import { Form } from '../parts/form.tsx'
import {
  AddressFields,
  emptyListing,
  ListingFields,
  originsOf,
  priceOf,
} from '../provider/listing-fields.tsx'
import { navigatorFromHere, PageTitle } from '../router.tsx'

export function NewProvider() {
  const { keepProvider, installation } = useAccount()
  const [listing, setListing] = useState(emptyListing)
  const change = (changes: Partial<typeof listing>) => setListing({ ...listing, ...changes })
  const submit = useSubmit(async () => {
    const goOn = navigatorFromHere()
    const provider = await call<OwnProvider>('POST', '/providers', {
      name: listing.name.trim(),
      description: listing.description.trim(),
      category: listing.category.trim(),
      launchUrl: listing.launchUrl.trim(),
      allowedOrigins: originsOf(listing),
      tokensPerMinute: priceOf(listing),
    })
    keepProvider(provider)
    goOn(`/providers/${provider.id}/integrate`)
  })
  return (
    <>
      <PageTitle>Register an app</PageTitle>
      <p className="lead">
        {installation.isReviewed
          ? 'It starts as a draft that only you see. You can try it with free test sessions before you ask for its listing.'
          : 'It is listed at once. You can try it with free test sessions, too.'}
      </p>
      <Form submit={submit}>
        <ListingFields listing={listing} onChange={change} />
        <AddressFields listing={listing} onChange={change} />
        {!installation.isProduction && (
          <p className="hint">http://localhost is fine here; in production addresses are https.</p>
        )}
        <div className="actions">
          <Button type="submit" isBusy={submit.isBusy}>
            Register the app
          </Button>
        </div>
      </Form>
    </>
  )
}
