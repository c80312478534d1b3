import { useState } from 'react'
import type { FoundSession, FoundTransfer, FoundUser } from '../api/operator-wire.ts'
import { useAnswer } from '../api/use-answer.ts'
import { formatMoment, formatNumber } from '../format.ts'
import { Button } from '../parts/button.tsx'
import { Field } from '../parts/field.tsx'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { SessionState } from '../parts/state.tsx'
import { SessionTimeline } from '../parts/timeline.tsx'
import { changeQuery, PageTitle, useAddress } from '../router.tsx'
import { Account, IdLink, Purchases, Sessions, Transfers } from './found.tsx'
import { PurchaseFile } from './purchase-file.tsx'
import { SignOutButton } from './sign-out.tsx'

/** One box for whatever a complaint names: a person, a session, a purchase, a line of the ledger, an account. */
export function Search() {
  const { query } = useAddress()
  const asked = query.get('q')?.trim() ?? ''
  return (
    <>
      <PageTitle>Search and refund</PageTitle>
      <SearchBox key={`box ${asked}`} asked={asked} />
      {asked === '' ? (
        <p className="quiet">
          An e-mail address, or an id as it stands in logs and complaints: usr_, ses_, pur_, trf_, prv_. What
          you look at is on record in the audit log.
        </p>
      ) : (
        <Found key={asked} asked={asked} />
      )}
    </>
  )
}

function SearchBox({ asked }: { asked: string }) {
  const [text, setText] = useState(asked)
  return (
    <search>
      <form
        className="search"
        onSubmit={(event) => {
          event.preventDefault()
          changeQuery({ q: text.trim() || null })
        }}
      >
        <Field
          label="E-mail or id"
          name="q"
          type="search"
          value={text}
          onChange={setText}
          placeholder="ada@example.com or ses_…"
        />
        <Button type="submit">Search</Button>
      </form>
    </search>
  )
}

function Found({ asked }: { asked: string }) {
  const prefix = /^([a-z]{3})_[0-9a-z]{26}$/.exec(asked)?.[1]
  switch (prefix) {
    case 'usr':
      return <Person id={asked} />
    case 'ses':
      return <SessionFile id={asked} />
    case 'pur':
      return <PurchaseFile id={asked} />
    case 'trf':
      return <Line id={asked} />
    case 'prv':
      return (
        <>
          <Sessions filter={{ providerId: asked }} title="Sessions of this app" />
          <Transfers filter={{ accountId: asked }} title="Its lines of the ledger" />
        </>
      )
  }
  if (asked.includes('@')) return <PersonByEmail email={asked} />
  return (
    <Empty title="That is neither an address nor an id">
      <p>Ids have three letters, an underscore and 26 characters.</p>
    </Empty>
  )
}

function PersonByEmail({ email }: { email: string }) {
  const found = useAnswer<{ items: FoundUser[] }>(`/operators/users?email=${encodeURIComponent(email)}`)
  return (
    <Loaded answer={found} what="the person">
      {({ items: [person] }) =>
        person ? (
          <PersonFile person={person} />
        ) : (
          <Empty title="Nobody has that address">
            <p>It is looked up whole, in any case.</p>
          </Empty>
        )
      }
    </Loaded>
  )
}

function Person({ id }: { id: string }) {
  const found = useAnswer<FoundUser>(`/operators/users/${id}`)
  return (
    <Loaded answer={found} what="the person">
      {(person) => <PersonFile person={person} />}
    </Loaded>
  )
}

function PersonFile({ person }: { person: FoundUser }) {
  const { user, roles, balance } = person
  return (
    <>
      <section className="sheet" aria-labelledby="person">
        <h2 id="person">{user.displayName ?? user.email}</h2>
        <dl className="facts">
          <dt>E-mail</dt>
          <dd>{user.email}</dd>
          <dt>Id</dt>
          <dd>
            <code>{user.id}</code>
          </dd>
          <dt>Roles</dt>
          <dd>{roles.join(', ')}</dd>
          <dt>Registered</dt>
          <dd>{formatMoment(user.createdAt)}</dd>
          <dt>Tokens</dt>
          <dd>
            {formatNumber(balance.available)} to spend, {formatNumber(balance.held)} held
            {balance.debt > 0 && `, ${formatNumber(balance.debt)} owed`}
          </dd>
        </dl>
        <SignOutButton userId={user.id} email={user.email} />
      </section>
      <Sessions filter={{ userId: user.id }} title="Sessions" />
      <Purchases filter={{ userId: user.id }} title="Purchases" />
      <Transfers filter={{ accountId: user.id }} title="Lines of the ledger" />
    </>
  )
}

function SessionFile({ id }: { id: string }) {
  const found = useAnswer<FoundSession>(`/operators/sessions/${id}`)
  return (
    <>
      <Loaded answer={found} what="the session">
        {({ session, userId, isTest }) => (
          <section className="sheet" aria-labelledby="session">
            <div className="section-head">
              <h2 id="session">Session</h2>
              <SessionState session={{ ...session, isTest }} />
            </div>
            <dl className="facts">
              <dt>Id</dt>
              <dd>
                <code>{session.id}</code> {isTest && <span className="badge">Test</span>}
              </dd>
              <dt>Person</dt>
              <dd>
                <IdLink id={userId} />
              </dd>
              <dt>App</dt>
              <dd>
                <IdLink id={session.providerId} />
              </dd>
              <dt>Opened</dt>
              <dd>{formatMoment(session.createdAt)}</dd>
              {session.endedAt && (
                <>
                  <dt>Ended</dt>
                  <dd>{formatMoment(session.endedAt)}</dd>
                </>
              )}
              <dt>Used</dt>
              <dd>
                {formatNumber(Math.round(session.usedMs / 1000))} of {formatNumber(session.durationSeconds)}{' '}
                seconds
              </dd>
              <dt>Tokens</dt>
              <dd>
                {session.tokensCharged === null
                  ? `${formatNumber(session.tokensHeld)} held`
                  : `${formatNumber(session.tokensCharged)} charged of ${formatNumber(session.tokensHeld)} held`}
              </dd>
            </dl>
          </section>
        )}
      </Loaded>
      <SessionTimeline path={`/operators/sessions/${id}/timeline`} />
      <Transfers filter={{ sessionId: id }} title="Its lines of the ledger" />
    </>
  )
}

function Line({ id }: { id: string }) {
  const found = useAnswer<FoundTransfer>(`/operators/transfers/${id}`)
  return (
    <Loaded answer={found} what="the line">
      {(line) => <Account line={line} />}
    </Loaded>
  )
}
