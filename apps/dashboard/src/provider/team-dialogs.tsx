import { useState } from 'react'
import { call } from '../api/call.ts'
import { useSubmit } from '../api/use-submit.ts'
import type { Member, MemberRole } from '../api/wire.ts'
import { FormDialog } from '../parts/dialog.tsx'
import { Field, OneOf } from '../parts/field.tsx'
import { ROLE_WORDS, roleChoices } from '../parts/role.tsx'

interface Props {
  path: string
  onDone: (what: string) => void
  onClose: () => void
}

export function Invite({ path, onDone, onClose }: Props) {
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<MemberRole>('developer')
  const invite = useSubmit(async () => {
    await call('POST', path, { email: email.trim(), role })
    onDone(`${email.trim()} is invited`)
  })
  return (
    <FormDialog title="Invite somebody" submit={invite} action="Send the invitation" onClose={onClose}>
      <Field
        label="E-mail"
        name="email"
        type="email"
        value={email}
        onChange={setEmail}
        isRequired
        maxLength={254}
        hint="They get a link that works once, for seven days, for an account with this address."
      />
      <OneOf label="Role" value={role} onChange={setRole} choices={roleChoices} />
    </FormDialog>
  )
}

export function ChangeRole({ path, member, onDone, onClose }: Props & { member: Member }) {
  const [role, setRole] = useState<MemberRole>(member.role)
  const save = useSubmit(async () => {
    await call('PATCH', `${path}/${member.userId}`, { role })
    onDone(`${member.email} is ${ROLE_WORDS[role].toLowerCase()} now`)
  })
  return (
    <FormDialog title={`Role of ${member.email}`} submit={save} action="Save the role" onClose={onClose}>
      <OneOf label="Role" value={role} onChange={setRole} choices={roleChoices} />
    </FormDialog>
  )
}

export function Transfer({ path, name, member, onDone, onClose }: Props & { name: string; member: Member }) {
  const [currentPassword, setPassword] = useState('')
  const transfer = useSubmit(async () => {
    await call('POST', `${path}/transfer`, { userId: member.userId, currentPassword })
    onDone(`${member.email} is the primary owner now`)
  })
  return (
    <FormDialog
      title={`Make ${member.email} the primary owner?`}
      submit={transfer}
      action="Transfer it"
      kind="danger"
      onClose={onClose}
    >
      <p>
        Payouts of {name} go to them from now on, and only they can give it back. You stay on the team as an
        owner. Both of you get a mail.
      </p>
      {!member.emailVerified && <p>Their e-mail address is not confirmed yet: payouts wait until it is.</p>}
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
