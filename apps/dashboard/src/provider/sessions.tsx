import { useState } from 'react'
import { usePages } from '../api/use-answer.ts'
import type { ProviderSession } from '../api/wire.ts'
import { Button } from '../parts/button.tsx'
import { Field, Select } from '../parts/field.tsx'
import { Empty, Loaded, Loading, MoreButton } from '../parts/loaded.tsx'
import { Notice, ProblemNotice } from '../parts/notice.tsx'
import { State } from '../parts/state.tsx'
import { changeQuery, Link, navigate, PageTitle, useAddress } from '../router.tsx'
import type { ProviderPage } from './provider-page.ts'
import { SessionTable } from './session-table.tsx'
import { useLiveSessions } from './use-live-sessions.ts'

const kinds = [
  { value: 'all', label: 'All sessions' },
  { value: 'paid', label: 'Paid ones' },
  { value: 'test', label: 'Test sessions' },
] as const

export const Sessions: ProviderPage = ({ provider }) => {
  const { query } = useAddress()
  const kind = kinds.find(({ value }) => value === query.get('kind'))?.value ?? 'all'
  const test = kind === 'all' ? '' : `&test=${kind === 'test'}`
  const ended = usePages<ProviderSession>(`/providers/${provider.id}/sessions?status=ended${test}`)
  return (
    <>
      <PageTitle>Sessions</PageTitle>
      <FindSession providerId={provider.id} />
      <LiveSessions providerId={provider.id} />
      <section aria-labelledby="ended">
        <div className="section-head">
          <h2 id="ended">Ended</h2>
          <Select
            label="Which sessions"
            isLabelHidden
            value={kind}
            choices={kinds}
            onChange={(value) => changeQuery({ kind: value === 'all' ? null : value })}
          />
        </div>
        <Loaded answer={ended} what="sessions">
          {(sessions) =>
            sessions.length === 0 ? (
              <Empty title="None has ended yet">
                <p>Sessions appear here with what they used and what you earned by them.</p>
              </Empty>
            ) : (
              <SessionTable label="Ended sessions" sessions={sessions} />
            )
          }
        </Loaded>
        <MoreButton pages={ended} />
      </section>
    </>
  )
}

/** Whoever complains names a session: it stands in the receipt, and in the address they came back to. */
function FindSession({ providerId }: { providerId: string }) {
  const [text, setText] = useState('')
  const sessionId = /ses_[0-9a-z]{26}/.exec(text)?.[0]
  const [isWrong, setWrong] = useState(false)
  return (
    <search>
      <form
        className="search"
        onSubmit={(event) => {
          event.preventDefault()
          setWrong(sessionId === undefined)
          if (sessionId) navigate(`/providers/${providerId}/sessions/${sessionId}`)
        }}
      >
        <Field
          label="Find a session by its id"
          name="session"
          type="search"
          value={text}
          onChange={setText}
          placeholder="ses_…"
          {...(isWrong && { hint: 'An id is ses_ and 26 characters. It stands in the user’s receipt.' })}
        />
        <Button type="submit">Open its timeline</Button>
      </form>
    </search>
  )
}

function LiveSessions({ providerId }: { providerId: string }) {
  const { sessions, elapsedMs, isConnected, error, retry } = useLiveSessions(providerId)
  return (
    <section aria-labelledby="live">
      <div className="section-head">
        <h2 id="live">Live</h2>
        {error === undefined && (
          <State look={isConnected ? 'good' : 'waiting'}>
            {isConnected ? 'As it happens' : 'Connecting again'}
          </State>
        )}
      </div>
      {error !== undefined && <ProblemNotice error={error} onRetry={retry} />}
      {!sessions && error === undefined && <Loading what="what runs now" />}
      {sessions?.length === 0 && (
        <Empty title="Nothing runs at the moment">
          <p>
            Sessions appear here the second they are opened.{' '}
            <Link to={`/providers/${providerId}/integrate`}>Start a free test session</Link>
          </p>
        </Empty>
      )}
      {sessions && sessions.length > 0 && (
        <SessionTable label="Live sessions" sessions={sessions} elapsedMs={elapsedMs} />
      )}
      {sessions?.length === 100 && (
        <Notice title="The newest 100 are shown">
          <p>The rest runs as well; the API lists them all.</p>
        </Notice>
      )}
    </section>
  )
}
