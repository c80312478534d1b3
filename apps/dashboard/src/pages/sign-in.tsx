import { useState } from 'react'
import { register, signIn } from '../api/sign-in.ts'
import { useSubmit } from '../api/use-submit.ts'
import { Button } from '../parts/button.tsx'
import { Field } from '../parts/field.tsx'
import { Form } from '../parts/form.tsx'
import { Link, navigate, PageTitle, useAddress } from '../router.tsx'

const PASSWORD_CHARACTERS_MIN = 8

/** The same accounts as in the marketplace: whoever buys tokens may also offer an app. */
export function SignIn({ isNew }: { isNew: boolean }) {
  const { path } = useAddress()
  return (
    <>
      <PlainTop />
      <main className="is-narrow" id="main">
        <PageTitle>{isNew ? 'Offer your app by the minute' : 'Sign in'}</PageTitle>
        <p className="lead">
          {isNew
            ? 'Register, add one script tag, and see your first session run. It takes about ten minutes and costs nothing.'
            : 'For those who offer apps, and for operators.'}
        </p>
        <SignInForm
          key={isNew ? 'register' : 'sign-in'}
          isNew={isNew}
          onSignedIn={() => {
            // Somebody who was signed out on a page goes on there.
            if (path === '/sign-in' || path === '/register') navigate('/')
          }}
        />
        {isNew ? (
          <p>
            You have an account? <Link to="/sign-in">Sign in</Link>
          </p>
        ) : (
          <p>
            New here? <Link to="/register">Register and offer an app</Link>
          </p>
        )}
      </main>
    </>
  )
}

/** The top of pages for people who are not signed in. */
export function PlainTop() {
  return (
    <header className="top">
      <div className="top-row">
        <span className="brand">
          <span className="brand-mark" aria-hidden="true" />
          Tally <small>Dashboard</small>
        </span>
      </div>
      <div className="ruler" aria-hidden="true" />
    </header>
  )
}

export function SignInForm({
  isNew,
  email: given = '',
  onSignedIn,
}: {
  isNew: boolean
  email?: string
  onSignedIn?: () => void
}) {
  const [email, setEmail] = useState(given)
  const [password, setPassword] = useState('')
  const [displayName, setDisplayName] = useState('')
  const submit = useSubmit(async () => {
    if (isNew) await register({ email, password, ...(displayName && { displayName }) })
    else await signIn({ email, password })
    onSignedIn?.()
  })
  return (
    <Form submit={submit}>
      <Field
        label="E-mail"
        name="email"
        type="email"
        autoComplete="username"
        value={email}
        onChange={setEmail}
        isRequired
      />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete={isNew ? 'new-password' : 'current-password'}
        value={password}
        onChange={setPassword}
        isRequired
        {...(isNew && { minLength: PASSWORD_CHARACTERS_MIN, hint: 'At least 8 characters.' })}
      />
      {isNew && (
        <Field
          label="Name (optional)"
          name="displayName"
          autoComplete="name"
          value={displayName}
          onChange={setDisplayName}
          maxLength={80}
        />
      )}
      <div className="actions">
        <Button type="submit" isBusy={submit.isBusy}>
          {isNew ? 'Register' : 'Sign in'}
        </Button>
      </div>
    </Form>
  )
}
