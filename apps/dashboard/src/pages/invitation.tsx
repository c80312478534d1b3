import { useState } from 'react'
import { useUserId } from '../account.tsx'
import { call } from '../api/call.ts'
import { readJson, send } from '../api/http.ts'
import { signOut } from '../api/sign-in.ts'
import { useAnswer, useRead } from '../api/use-answer.ts'
import { useSubmit } from '../api/use-submit.ts'
import type { MemberRole, Profile } from '../api/wire.ts'
import { formatMoment } from '../format.ts'
import { Button } from '../parts/button.tsx'
import { Loaded, Loading } from '../parts/loaded.tsx'
import { Notice, ProblemNotice } from '../parts/notice.tsx'
import { ROLE_MEANS, ROLE_WORDS } from '../parts/role.tsx'
import { say } from '../parts/say.ts'
import { navigatorFromHere, PageTitle } from '../router.tsx'
import { PlainTop, SignInForm } from './sign-in.tsx'

interface Found {
  providerId: string
  providerName: string
  email: string
  role: MemberRole
  expiresAt: string
}

/** Where the link of an invitation leads: for who is signed in, who is somebody else, and who is nobody yet. */
export function Invitation() {
  const userId = useUserId()
  const [token] = useState(takeToken)
  const found = useRead<Found>('invitation', async (_key, signal) =>
    readJson<Found>(await send('/invitations/find', { method: 'POST', body: { token }, signal })),
  )
  return (
    <>
      <PlainTop />
      <main className="is-narrow" id="main">
        <PageTitle>Join a team</PageTitle>
        {found.error !== undefined && <ProblemNotice error={found.error} onRetry={found.reload} />}
        {!found.value && found.error === undefined && <Loading what="the invitation" />}
        {found.value && (
          <>
            <p className="lead typed-text">
              You are invited to work on <strong>{found.value.providerName}</strong> as{' '}
              {ROLE_WORDS[found.value.role].toLowerCase()}.
            </p>
            <p className="hint">
              {ROLE_MEANS[found.value.role]} The invitation is for {found.value.email}, until{' '}
              {formatMoment(found.value.expiresAt)}.
            </p>
            {userId === undefined ? (
              <JoinFirst email={found.value.email} />
            ) : (
              <Accept key={userId} token={token} found={found.value} />
            )}
          </>
        )}
      </main>
    </>
  )
}

/** Behind the `#` no server's log sees it; from there it goes into this tab's history, where nobody reads or copies it. */
function takeToken(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get('token')
  const token = given ?? (history.state as { invitation?: string } | null)?.invitation ?? ''
  history.replaceState({ invitation: token }, '', location.pathname)
  return token
}

function JoinFirst({ email }: { email: string }) {
  const [isNew, setNew] = useState(false)
  return (
    <>
      <p>
        {isNew
          ? 'Make an account with that address, then accept.'
          : 'Sign in with that address, then accept.'}
      </p>
      <SignInForm key={String(isNew)} isNew={isNew} email={email} />
      <p>
        {isNew ? 'You have an account? ' : 'No account yet? '}
        <Button kind="link" onPress={() => setNew(!isNew)}>
          {isNew ? 'Sign in' : 'Register'}
        </Button>
      </p>
    </>
  )
}

function Accept({ token, found }: { token: string; found: Found }) {
  const profile = useAnswer<Profile>('/auth/profile')
  const accept = useSubmit(async () => {
    const goOn = navigatorFromHere()
    await call('POST', '/invitations/accept', { token })
    say(`You are on the team of ${found.providerName}`)
    goOn(`/providers/${found.providerId}`, { replace: true })
  })
  return (
    <Loaded answer={profile} what="your account">
      {({ email }) => {
        const isOther = email.toLowerCase() !== found.email.toLowerCase()
        return (
          <>
            {isOther && (
              <Notice title={`You are signed in as ${email}`}>
                <p>The invitation is for another address. Sign out, and sign in with that one.</p>
              </Notice>
            )}
            {accept.error !== undefined && <ProblemNotice error={accept.error} />}
            <div className="actions">
              {!isOther && (
                <Button isBusy={accept.isBusy} onPress={() => accept.run()}>
                  Accept the invitation
                </Button>
              )}
              <Button kind="quiet" onPress={() => signOut()}>
                Sign out
              </Button>
            </div>
          </>
        )
      }}
    </Loaded>
  )
}
