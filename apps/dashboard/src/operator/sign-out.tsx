import { useState } from 'react'
import { call } from '../api/call.ts'
import { useSubmit } from '../api/use-submit.ts'
import { Button } from '../parts/button.tsx'
import { FormDialog } from '../parts/dialog.tsx'
import { ReasonField } from '../parts/field.tsx'
import { say } from '../parts/say.ts'

/** Ends all sign-ins of a person, for an account that somebody else may be in. */
export function SignOutButton({ userId, email }: { userId: string; email: string }) {
  const [isOpen, setOpen] = useState(false)
  const [reason, setReason] = useState('')
  const submit = useSubmit(async () => {
    const { endedCount } = await call<{ endedCount: number }>('POST', `/operators/users/${userId}/sign-out`, {
      reason: reason.trim(),
    })
    say(endedCount === 1 ? 'One sign-in was ended' : `${endedCount} sign-ins were ended`)
    setOpen(false)
    setReason('')
  })
  return (
    <>
      <div className="actions">
        <Button kind="danger" size="small" onPress={() => setOpen(true)}>
          Sign out everywhere
        </Button>
      </div>
      {isOpen && (
        <FormDialog
          title="Sign out everywhere"
          submit={submit}
          action="End the sign-ins"
          kind="danger"
          onClose={() => setOpen(false)}
        >
          <p>
            Every sign-in of {email} ends at once, and a mail says so. Whoever knows the password can sign in
            again: where it may have got out, ask for a reset. Running sessions go on.
          </p>
          <ReasonField
            value={reason}
            onChange={setReason}
            placeholder="The owner reports sign-ins from abroad"
            hint="For the audit log."
          />
        </FormDialog>
      )}
    </>
  )
}
