import { useState } from 'react'
import { useAccount } from '../account.tsx'
import { call } from '../api/call.ts'
import { usePages } from '../api/use-answer.ts'
import { useSubmit } from '../api/use-submit.ts'
import type { Invitation, Member } from '../api/wire.ts'
import { Button } from '../parts/button.tsx'
import { Confirm } from '../parts/dialog.tsx'
import { Empty, Loaded, MoreButton } from '../parts/loaded.tsx'
import { Moment } from '../parts/moment.tsx'
import { ProblemNotice } from '../parts/notice.tsx'
import { may, ROLE_WORDS } from '../parts/role.tsx'
import { say } from '../parts/say.ts'
import { State } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { navigatorFromHere, PageTitle } from '../router.tsx'
import type { ProviderPage } from './provider-page.ts'
import { ChangeRole, Invite, Transfer } from './team-dialogs.tsx'

type Asked = { kind: 'invite' } | { kind: 'role' | 'remove' | 'leave' | 'transfer'; member: Member }

export const Team: ProviderPage = ({ provider }) => {
  const { profile, dropProvider, reloadProviders } = useAccount()
  const isOwner = may(provider.role, 'owner')
  const path = `/providers/${provider.id}`
  const members = usePages<Member>(`${path}/members?limit=50`)
  const invitations = usePages<Invitation>(isOwner ? `${path}/invitations?limit=50` : undefined)
  const [asked, setAsked] = useState<Asked | undefined>()
  const close = () => setAsked(undefined)
  const isPrimary = members.value?.some((one) => one.isPrimary && one.userId === profile.id) ?? false
  const onChanged = (what: string) => {
    close()
    say(what)
    members.reload()
    invitations.reload()
  }
  async function end(member: Member) {
    const goOn = navigatorFromHere()
    await call('DELETE', `${path}/members/${member.userId}`)
    if (member.userId !== profile.id) return onChanged(`${member.email} is not on the team any more`)
    dropProvider(provider.id)
    say(`You left ${provider.name}`)
    goOn('/')
  }
  return (
    <>
      <div className="page-head">
        <div>
          <PageTitle>Team</PageTitle>
          <p className="lead">Who may act for {provider.name}, and as what.</p>
        </div>
        {isOwner && <Button onPress={() => setAsked({ kind: 'invite' })}>Invite somebody</Button>}
      </div>
      <Loaded answer={members} what="the team">
        {(items) => (
          <MemberTable
            members={items}
            ownId={profile.id}
            isOwner={isOwner}
            isPrimary={isPrimary}
            onAsk={(kind, member) => setAsked({ kind, member })}
          />
        )}
      </Loaded>
      <MoreButton pages={members} />
      {isOwner && (
        <section aria-labelledby="invitations">
          <h2 id="invitations">Open invitations</h2>
          <Loaded answer={invitations} what="the invitations">
            {(items) =>
              items.length === 0 ? (
                <Empty title="Nobody is invited">
                  <p>An invitation is a mailed link that works once, for seven days.</p>
                </Empty>
              ) : (
                <InvitationTable path={`${path}/invitations`} items={items} onChanged={onChanged} />
              )
            }
          </Loaded>
          <MoreButton pages={invitations} />
        </section>
      )}
      {asked?.kind === 'invite' && <Invite path={`${path}/invitations`} onDone={onChanged} onClose={close} />}
      {asked?.kind === 'role' && (
        <ChangeRole
          path={`${path}/members`}
          member={asked.member}
          onClose={close}
          onDone={(what) => {
            // One may have changed oneself: what is offered follows.
            reloadProviders()
            onChanged(what)
          }}
        />
      )}
      {asked?.kind === 'transfer' && (
        <Transfer path={path} name={provider.name} member={asked.member} onDone={onChanged} onClose={close} />
      )}
      {(asked?.kind === 'remove' || asked?.kind === 'leave') && (
        <Confirm
          title={asked.kind === 'leave' ? `Leave ${provider.name}?` : `Remove ${asked.member.email}?`}
          action={asked.kind === 'leave' ? 'Leave the team' : 'Remove from the team'}
          onClose={close}
          onConfirm={() => end(asked.member)}
        >
          <p>
            {asked.kind === 'leave'
              ? 'You see nothing of it from then on. To come back, an owner has to invite you.'
              : 'They see nothing of it from then on, and invitations they sent are taken back.'}
          </p>
          {asked.member.workingKeys > 0 && (
            <p>
              {asked.member.workingKeys === 1 ? 'One API key' : `${asked.member.workingKeys} API keys`} made
              by {asked.kind === 'leave' ? 'you' : 'them'} will go on working: keys belong to the app. Rotate
              them if their secrets should be known to nobody who left.
            </p>
          )}
        </Confirm>
      )}
    </>
  )
}

function MemberTable({
  members,
  ownId,
  isOwner,
  isPrimary,
  onAsk,
}: {
  members: readonly Member[]
  ownId: string
  isOwner: boolean
  isPrimary: boolean
  onAsk: (kind: 'role' | 'remove' | 'leave' | 'transfer', member: Member) => void
}) {
  const action = (kind: 'role' | 'remove' | 'leave' | 'transfer', text: string, member: Member) => (
    <Button
      kind={kind === 'remove' || kind === 'leave' ? 'danger' : 'quiet'}
      size="small"
      aria-label={`${text}: ${member.email}`}
      onPress={() => onAsk(kind, member)}
    >
      {text}
    </Button>
  )
  return (
    <Table
      label="Team"
      rows={members.toSorted((a, b) => Number(b.isPrimary) - Number(a.isPrimary))}
      keyOf={({ userId }) => userId}
      columns={[
        {
          name: 'Who',
          cell: ({ email, displayName, userId }) => (
            <span className="breaks">
              {displayName ?? email} {userId === ownId && <span className="badge">You</span>}
              {displayName && (
                <>
                  <br />
                  <span className="hint">{email}</span>
                </>
              )}
            </span>
          ),
        },
        {
          name: 'Role',
          cell: ({ role, isPrimary: isThatOne, emailVerified }) => (
            <span>
              {isThatOne ? 'Primary owner' : ROLE_WORDS[role]}
              {isThatOne && (
                <>
                  <br />
                  <span className="hint">
                    {emailVerified ? 'Payouts go here' : 'Payouts wait until the address is confirmed'}
                  </span>
                </>
              )}
            </span>
          ),
        },
        { name: 'Since', cell: ({ joinedAt }) => <Moment at={joinedAt} /> },
        {
          name: 'Actions',
          cell: (member) =>
            member.isPrimary ? null : (
              <span className="actions">
                {isOwner && action('role', 'Change role', member)}
                {isPrimary && action('transfer', 'Make primary owner', member)}
                {member.userId === ownId
                  ? action('leave', 'Leave', member)
                  : isOwner && action('remove', 'Remove', member)}
              </span>
            ),
        },
      ]}
    />
  )
}

function InvitationTable({
  path,
  items,
  onChanged,
}: {
  path: string
  items: readonly Invitation[]
  onChanged: (what: string) => void
}) {
  const resend = useSubmit(async (one: Invitation) => {
    await call('POST', `${path}/${one.id}/resend`)
    onChanged(`The invitation of ${one.email} is sent again`)
  })
  const revoke = useSubmit(async (one: Invitation) => {
    await call('DELETE', `${path}/${one.id}`)
    onChanged(`The invitation of ${one.email} is taken back`)
  })
  return (
    <>
      {(resend.error ?? revoke.error) !== undefined && <ProblemNotice error={resend.error ?? revoke.error} />}
      <Table
        label="Open invitations"
        rows={items}
        keyOf={({ id }) => id}
        columns={[
          { name: 'Address', cell: ({ email }) => <span className="breaks">{email}</span> },
          { name: 'Role', cell: ({ role }) => ROLE_WORDS[role] },
          {
            name: 'State',
            cell: ({ isExpired, lastSentAt }) =>
              isExpired ? (
                <State look="over">Ran out</State>
              ) : lastSentAt ? (
                <State look="waiting">Sent</State>
              ) : (
                <State look="waiting">On its way</State>
              ),
          },
          { name: 'Until', cell: ({ expiresAt }) => <Moment at={expiresAt} /> },
          {
            name: 'Actions',
            cell: (one) => (
              <span className="actions">
                <Button
                  kind="quiet"
                  size="small"
                  isDisabled={resend.isBusy}
                  aria-label={`Send again: ${one.email}`}
                  onPress={() => resend.run(one)}
                >
                  Send again
                </Button>
                <Button
                  kind="danger"
                  size="small"
                  isDisabled={revoke.isBusy}
                  aria-label={`Take back: ${one.email}`}
                  onPress={() => revoke.run(one)}
                >
                  Take back
                </Button>
              </span>
            ),
          },
        ]}
      />
    </>
  )
}
