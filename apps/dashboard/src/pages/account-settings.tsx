import { useState } from 'react'
import { useAccount } from '../account.tsx'
import { call } from '../api/call.ts'
import { useSubmit } from '../api/use-submit.ts'
import type { Profile } from '../api/wire.ts'
import { Button } from '../parts/button.tsx'
import { Field } from '../parts/field.tsx'
import { Form } from '../parts/form.tsx'
import { say } from '../parts/say.ts'
import { PageTitle } from '../router.tsx'
import { DeleteAccount, EmailSection, PasswordSection, SignInsSection } from './account-sections.tsx'

/** One's own account, the same as in the marketplace. */
export function AccountSettings() {
  return (
    <>
      <div>
        <PageTitle>Account settings</PageTitle>
        <p className="lead">The same account as in the marketplace.</p>
      </div>
      <ProfileSection />
      <EmailSection />
      <PasswordSection />
      <SignInsSection />
      <DeleteAccount />
    </>
  )
}

function ProfileSection() {
  const { profile, reloadProfile } = useAccount()
  const [displayName, setDisplayName] = useState(profile.displayName ?? '')
  const [saved, setSaved] = useState<string | undefined>()
  const save = useSubmit(async () => {
    await call<Profile>('PATCH', '/auth/profile', { displayName: displayName.trim() || null })
    reloadProfile()
    setSaved(displayName)
    say('Saved')
  })
  return (
    <section aria-labelledby="profile">
      <h2 id="profile">Profile</h2>
      <Form submit={save}>
        <Field
          label="Name (optional)"
          name="displayName"
          autoComplete="name"
          value={displayName}
          onChange={setDisplayName}
          maxLength={80}
          hint="What people on your teams see."
        />
        <div className="actions">
          <Button type="submit" isBusy={save.isBusy}>
            Save the name
          </Button>
          {saved === displayName && <span className="hint">Saved.</span>}
        </div>
      </Form>
    </section>
  )
}
