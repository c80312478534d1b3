import { useState } from 'react'
import { useAccount } from '../account.tsx'
import { call } from '../api/call.ts'
import { Problem } from '../api/http.ts'
import { changePassword, forgetSignIn } from '../api/sign-in.ts'
import { useAnswer, usePages } from '../api/use-answer.ts'
import { useSubmit } from '../api/use-submit.ts'
import type { EmailStatus, SignIn } from '../api/wire.ts'
import { formatMoment } from '../format.ts'
import { Button } from '../parts/button.tsx'
import { Confirm, FormDialog } from '../parts/dialog.tsx'
import { Field } from '../parts/field.tsx'
import { Form } from '../parts/form.tsx'
import { Empty, Loaded, MoreButton } from '../parts/loaded.tsx'
import { Moment } from '../parts/moment.tsx'
import { Notice, ProblemNotice } from '../parts/notice.tsx'
import { say } from '../parts/say.ts'
import { State } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { navigate } from '../router.tsx'

const PASSWORD_CHARACTERS_MIN = 8

export function EmailSection() {
  const { reloadProfile } = useAccount()
  const email = useAnswer<EmailStatus>('/auth/email')
  const [newEmail, setNewEmail] = useState('')
  const [currentPassword, setPassword] = useState('')
  const [told, setTold] = useState('')
  const tell = (text: string) => {
    setTold(text)
    say(text)
  }
  const resend = useSubmit(async () => {
    await call('POST', '/auth/email/resend')
    tell('A link is on its way.')
  })
  const change = useSubmit(async () => {
    await call('POST', '/auth/email', { newEmail: newEmail.trim(), currentPassword })
    setNewEmail('')
    setPassword('')
    email.reload()
    reloadProfile()
    tell('Open the link we mailed to the new address.')
  })
  return (
    <section aria-labelledby="email">
      <h2 id="email">E-mail address</h2>
      <Loaded answer={email} what="your address">
        {({ email: current, emailVerified, pendingEmail }) => (
          <>
            <p className="breaks">
              {current}{' '}
              {emailVerified ? (
                <State look="good">Confirmed</State>
              ) : (
                <State look="waiting">Not confirmed</State>
              )}
            </p>
            {pendingEmail && (
              <p className="breaks">
                {pendingEmail} becomes your address when the link we mailed there is opened.
              </p>
            )}
            {!emailVerified && <p className="hint">Payouts wait until it is confirmed; nothing else does.</p>}
            {resend.error !== undefined && <ProblemNotice error={resend.error} />}
            {(!emailVerified || pendingEmail) && (
              <div className="actions">
                <Button kind="quiet" size="small" isBusy={resend.isBusy} onPress={() => resend.run()}>
                  Mail the link again
                </Button>
              </div>
            )}
          </>
        )}
      </Loaded>
      {told && <p className="hint">{told}</p>}
      <Form submit={change}>
        <Field
          label="New address"
          name="newEmail"
          type="email"
          autoComplete="email"
          value={newEmail}
          onChange={setNewEmail}
          isRequired
          maxLength={254}
        />
        <Field
          label="Password for this change"
          name="currentPassword"
          type="password"
          autoComplete="current-password"
          value={currentPassword}
          onChange={setPassword}
          isRequired
        />
        <div className="actions">
          <Button type="submit" isBusy={change.isBusy}>
            Change the address
          </Button>
        </div>
      </Form>
    </section>
  )
}

export function PasswordSection() {
  const [currentPassword, setCurrent] = useState('')
  const [newPassword, setNew] = useState('')
  const [isChanged, setChanged] = useState(false)
  const change = useSubmit(async () => {
    setChanged(false)
    await changePassword({ currentPassword, newPassword })
    setCurrent('')
    setNew('')
    setChanged(true)
    say('The password is changed')
  })
  return (
    <section aria-labelledby="password">
      <h2 id="password">Password</h2>
      <Form submit={change}>
        <Field
          label="Current password"
          name="currentPassword"
          type="password"
          autoComplete="current-password"
          value={currentPassword}
          onChange={setCurrent}
          isRequired
        />
        <Field
          label="New password"
          name="newPassword"
          type="password"
          autoComplete="new-password"
          value={newPassword}
          onChange={setNew}
          isRequired
          minLength={PASSWORD_CHARACTERS_MIN}
          hint="At least 8 characters. Every other sign-in ends."
        />
        <div className="actions">
          <Button type="submit" isBusy={change.isBusy}>
            Change the password
          </Button>
          {isChanged && <span className="hint">Changed. You stay signed in here, and nowhere else.</span>}
        </div>
      </Form>
    </section>
  )
}

export function SignInsSection() {
  const signIns = usePages<SignIn>('/auth/sign-ins')
  const [asked, setAsked] = useState<SignIn | undefined>()
  return (
    <section aria-labelledby="sign-ins">
      <h2 id="sign-ins">Where you are signed in</h2>
      <Loaded answer={signIns} what="your sign-ins">
        {(items) =>
          items.length === 0 ? (
            <Empty title="Nowhere any more" />
          ) : (
            <Table
              label="Sign-ins"
              rows={items}
              keyOf={({ id }) => id}
              columns={[
                {
                  name: 'Browser',
                  cell: ({ userAgent }) => (
                    <span className="breaks" title={userAgent ?? undefined}>
                      {nameOfBrowser(userAgent)}
                    </span>
                  ),
                },
                { name: 'Signed in', cell: ({ signedInAt }) => <Moment at={signedInAt} /> },
                { name: 'Last used', cell: ({ lastUsedAt }) => <Moment at={lastUsedAt} /> },
                {
                  name: 'Actions',
                  cell: (one) => (
                    <Button
                      kind="danger"
                      size="small"
                      aria-label={`End it: ${nameOfBrowser(one.userAgent)}, since ${formatMoment(one.signedInAt)}`}
                      onPress={() => setAsked(one)}
                    >
                      End it
                    </Button>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
      <MoreButton pages={signIns} />
      {asked && (
        <Confirm
          title="End this sign-in?"
          action="End it"
          onClose={() => setAsked(undefined)}
          onConfirm={async () => {
            await call('DELETE', `/auth/sign-ins/${asked.id}`)
            say('The sign-in is ended')
            signIns.reload()
          }}
        >
          <p>
            {nameOfBrowser(asked.userAgent)} is signed out within 15 minutes. If that is this very browser,
            you sign in again.
          </p>
        </Confirm>
      )}
    </section>
  )
}

/** What a browser calls itself, as its owner does. @example 'Firefox on Linux' */
function nameOfBrowser(userAgent: string | null): string {
  if (userAgent === null) return 'An unnamed program'
  const find = (names: readonly (readonly [RegExp, string])[]) =>
    names.find(([pattern]) => pattern.test(userAgent))?.[1]
  const browser = find([
    [/Edg\//, 'Edge'],
    [/Firefox\//, 'Firefox'],
    [/OPR\//, 'Opera'],
    [/Chrome\//, 'Chrome'],
    [/Safari\//, 'Safari'],
  ])
  const system = find([
    [/Android/, 'Android'],
    [/iPhone|iPad/, 'iOS'],
    [/Windows/, 'Windows'],
    [/Mac OS X/, 'macOS'],
    [/Linux/, 'Linux'],
  ])
  if (!browser) return userAgent.slice(0, 60)
  return system ? `${browser} on ${system}` : browser
}

export function DeleteAccount() {
  const [isOpen, setOpen] = useState(false)
  return (
    <section aria-labelledby="delete">
      <h2 id="delete">Delete the account</h2>
      <p>
        Your name, address and sign-ins are gone for good. Apps you own have to be transferred first; tokens
        that are left are given up.
      </p>
      <div className="actions">
        <Button kind="danger" onPress={() => setOpen(true)}>
          Delete the account
        </Button>
      </div>
      {isOpen && <DeleteDialog onClose={() => setOpen(false)} />}
    </section>
  )
}

function DeleteDialog({ onClose }: { onClose: () => void }) {
  const [currentPassword, setPassword] = useState('')
  /** How many tokens the API said are left: given up only once that was read. */
  const [forfeitTokens, setForfeit] = useState(0)
  const remove = useSubmit(async () => {
    try {
      await call('POST', '/auth/account/delete', { currentPassword, forfeitTokens })
    } catch (error) {
      const left = error instanceof Problem && error.code === 'account_in_use' ? error.available : undefined
      if (left === undefined) throw error
      setForfeit(left)
      return
    }
    forgetSignIn()
    navigate('/sign-in')
  })
  return (
    <FormDialog
      title="Delete the account?"
      submit={remove}
      action={forfeitTokens > 0 ? 'Give them up and delete it' : 'Delete it for good'}
      kind="danger"
      onClose={onClose}
    >
      {forfeitTokens > 0 && (
        <Notice title={`${forfeitTokens} tokens are left`}>
          <p>They are gone with the account. Spend them first, or give them up.</p>
        </Notice>
      )}
      <p>This cannot be taken back.</p>
      <Field
        label="Your password"
        name="currentPassword"
        type="password"
        autoComplete="current-password"
        value={currentPassword}
        onChange={setPassword}
        isRequired
      />
    </FormDialog>
  )
}
