import { Field } from '../parts/field.tsx'

/** What a person types about an app; the API's shapes are made from it. */
export interface Listing {
  name: string
  description: string
  category: string
  tokensPerMinute: string
  launchUrl: string
  allowedOrigins: string
}

export const emptyListing: Listing = {
  name: '',
  description: '',
  category: '',
  tokensPerMinute: '4',
  launchUrl: '',
  allowedOrigins: '',
}

interface Props {
  listing: Listing
  onChange: (change: Partial<Listing>) => void
}

export function ListingFields({ listing, onChange }: Props) {
  return (
    <>
      <Field
        label="Name"
        name="name"
        value={listing.name}
        onChange={(name) => onChange({ name })}
        isRequired
        maxLength={80}
        hint="Shown in the catalogue."
      />
      <Field
        label="Description"
        name="description"
        value={listing.description}
        onChange={(description) => onChange({ description })}
        maxLength={2000}
        lines={4}
        hint="What one does with it, in a few sentences. Plain text."
      />
      <div className="field-row">
        <Field
          label="Category"
          name="category"
          value={listing.category}
          onChange={(category) => onChange({ category })}
          isRequired
          maxLength={40}
          placeholder="productivity"
          hint="One word, in small letters."
        />
        <Field
          label="Tokens per minute"
          name="tokensPerMinute"
          value={listing.tokensPerMinute}
          onChange={(tokensPerMinute) => onChange({ tokensPerMinute })}
          isRequired
          inputMode="numeric"
          hint="0 is free, 10,000 the most. Running sessions keep their price."
        />
      </div>
    </>
  )
}

/** @param hasFocus from the moment they appear */
export function AddressFields({ listing, onChange, hasFocus = false }: Props & { hasFocus?: boolean }) {
  return (
    <>
      <Field
        label="Launch address"
        name="launchUrl"
        value={listing.launchUrl}
        onChange={(launchUrl) => onChange({ launchUrl })}
        hasFocus={hasFocus}
        isRequired
        placeholder="https://app.example.com/"
        hint="The page of your app that a session opens."
      />
      <Field
        label="Allowed origins"
        name="allowedOrigins"
        value={listing.allowedOrigins}
        onChange={(allowedOrigins) => onChange({ allowedOrigins })}
        lines={2}
        placeholder={originOf(listing.launchUrl) ?? 'https://app.example.com'}
        hint="Where your pages run, one per line. Left empty: the origin of the launch address."
      />
    </>
  )
}

export function originOf(url: string): string | undefined {
  return URL.canParse(url) && new URL(url).origin !== 'null' ? new URL(url).origin : undefined
}

/** What is typed as lines, as the API takes it. */
export function originsOf({ allowedOrigins, launchUrl }: Listing): string[] {
  const lines = allowedOrigins.split(/[\s,]+/).filter(Boolean)
  const origin = originOf(launchUrl.trim())
  return lines.length > 0 ? [...new Set(lines)] : origin ? [origin] : []
}

/** Not a number stays what it is: the API says what it must be. */
export const priceOf = ({ tokensPerMinute }: Listing) =>
  /^\d+$/.test(tokensPerMinute.trim()) ? Number(tokensPerMinute) : Number.NaN
