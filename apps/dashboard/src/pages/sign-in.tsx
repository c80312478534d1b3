import { useState } from 'react'
import { readJson, send } from '../api/http.ts'
import { forgetSignIn, register, signIn } from '../api/sign-in.ts'
import { useRead } from '../api/use-answer.ts'
import { useSubmit } from '../api/use-submit.ts'
import type { Installation } from '../api/wire.ts'
import { Button } from '../parts/button.tsx'
import { Dialog } from '../parts/dialog.tsx'
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

/** Over the page whose sign-in has ended: what was typed there stays, and what it had asked the API for goes on. */
export function SignInAgain() {
  function leave() {
    forgetSignIn()
    navigate('/sign-in')
  }
  return (
    <Dialog title="Your sign-in has ended. Sign in to go on." onClose={leave} isDismissable={false}>
      <p>What you typed is still there.</p>
      <SignInForm isNew={false} />
      <p>
        Somebody else?{' '}
        <Button kind="link" onPress={leave}>
          Leave this page
        </Button>
      </p>
    </Dialog>
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
        {!isNew && <ForgotPassword />}
      </div>
    </Form>
  )
}

/** The marketplace mails the link that chooses another one: the accounts are the same. */
function ForgotPassword() {
  const installation = useRead<Installation>('installation', async (_key, signal) =>
    readJson<Installation>(await send('/dashboard/config.json', { signal })),
  )
  if (!installation.value) return null
  const href = `${installation.value.marketplaceUrl}/#/forgot-password`
  // A tab of its own: what was typed on the page beneath must not be left.
  return (
    <a href={href} target="_blank" rel="noopener">
      Forgot your password?
    </a>
  )
}
