import { useState } from 'react'
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components'
import { useAccount } from '../account.tsx'
import { call } from '../api/call.ts'
import { useAnswer } from '../api/use-answer.ts'
import { useSubmit } from '../api/use-submit.ts'
import type { Launched, OwnProvider, ProviderSession } from '../api/wire.ts'
import { formatTime } from '../format.ts'
import { Button } from '../parts/button.tsx'
import { Code, Copyable } from '../parts/copy.tsx'
import { Form } from '../parts/form.tsx'
import { Notice, ProblemNotice } from '../parts/notice.tsx'
import { State } from '../parts/state.tsx'
import { Link, PageTitle } from '../router.tsx'
import { safeHref } from '../safe-href.ts'
import { listingOf } from './listing-change.ts'
import { AddressFields, originsOf } from './listing-fields.tsx'
import type { ProviderPage } from './provider-page.ts'
import { createSnippets } from './snippets.ts'
import { useLiveSessions } from './use-live-sessions.ts'

/** From a registration to a session that runs, on one page. */
export const Integrate: ProviderPage = ({ provider }) => {
  const { installation } = useAccount()
  const tests = useAnswer<{ items: ProviderSession[] }>(
    `/providers/${provider.id}/sessions?test=true&limit=1`,
  )
  const live = useLiveSessions(provider.id)
  const latest = [...(live.sessions ?? []), ...(tests.value?.items ?? [])].find(({ isTest }) => isTest)
  // Once seen it stays seen: what has ended is not among what runs any more.
  const [hasBeaten, setBeaten] = useState(false)
  if (!hasBeaten && (latest?.sequence ?? 0) > 0) setBeaten(true)
  return (
    <>
      <PageTitle>Integrate and test</PageTitle>
      <p className="lead">Four steps to a session that runs. None of them needs anybody’s approval.</p>
      <ol className="steps">
        <li className="step is-done">
          <h2>Your app is registered</h2>
          <p>
            <Copyable text={provider.id} label="Copy the id" />
          </p>
        </li>
        <li className="step is-done">
          <h2>Where it runs</h2>
          <p>Sessions open the launch address. Only pages of the allowed origins may use them.</p>
          <Addresses provider={provider} />
        </li>
        <li className={`step ${hasBeaten ? 'is-done' : ''}`}>
          <h2>Add the SDK</h2>
          <Snippets apiUrl={installation.publicUrl} providerId={provider.id} />
        </li>
        <li className={`step ${hasBeaten ? 'is-done' : ''}`}>
          <h2>Run a test session</h2>
          <p>It costs nothing, works before your app is listed, and behaves like a paid one.</p>
          {live.error !== undefined && <ProblemNotice error={live.error} onRetry={live.retry} />}
          <TestSession provider={provider} live={live.sessions} elapsedMs={live.elapsedMs} />
        </li>
      </ol>
      {hasBeaten && (
        <Notice kind="good" title="Your integration works">
          <p>Next: be told what happens by webhooks, and ask for your listing.</p>
          <div className="actions">
            <Link className="button is-quiet is-small" to={`/providers/${provider.id}/webhooks`}>
              Set up webhooks
            </Link>
            <Link className="button is-quiet is-small" to={`/providers/${provider.id}`}>
              To the overview
            </Link>
          </div>
        </Notice>
      )}
    </>
  )
}

function Addresses({ provider }: { provider: OwnProvider }) {
  const { keepProvider } = useAccount()
  const [isOpen, setOpen] = useState(false)
  // What is pressed goes away with the press, so what comes in its place takes the focus.
  const [wasOpen, setWasOpen] = useState(false)
  const close = () => {
    setOpen(false)
    setWasOpen(true)
  }
  const [listing, setListing] = useState(() => listingOf(provider))
  const save = useSubmit(async () => {
    const change = { launchUrl: listing.launchUrl.trim(), allowedOrigins: originsOf(listing) }
    keepProvider(await call<OwnProvider>('PATCH', `/providers/${provider.id}`, change))
    close()
  })
  if (!isOpen) {
    return (
      <>
        <dl className="facts">
          <dt>Launch address</dt>
          <dd>
            <code>{provider.launchUrl}</code>
          </dd>
          <dt>Allowed origins</dt>
          <dd>
            <code>{provider.allowedOrigins.join(', ')}</code>
          </dd>
        </dl>
        <div className="actions">
          <Button
            kind="quiet"
            size="small"
            needs="developer"
            autoFocus={wasOpen}
            onPress={() => setOpen(true)}
          >
            Change addresses
          </Button>
        </div>
      </>
    )
  }
  return (
    <Form submit={save}>
      <AddressFields
        listing={listing}
        onChange={(change) => setListing({ ...listing, ...change })}
        hasFocus
      />
      <div className="actions">
        <Button type="submit" size="small" isBusy={save.isBusy}>
          Save addresses
        </Button>
        <Button kind="quiet" size="small" onPress={close}>
          Cancel
        </Button>
      </div>
    </Form>
  )
}

function Snippets(facts: { apiUrl: string; providerId: string }) {
  const snippets = createSnippets(facts)
  return (
    <Tabs className="tabs">
      <TabList aria-label="Kind of app" className="tab-list">
        {snippets.map(({ id, name }) => (
          <Tab key={id} id={id} className="tab">
            {name}
          </Tab>
        ))}
      </TabList>
      {snippets.map(({ id, hint, parts }) => (
        <TabPanel key={id} id={id} className="tab-panel">
          <p>{hint}</p>
          {parts.map(({ label, text }) => (
            <Code key={label} label={label} text={text} />
          ))}
        </TabPanel>
      ))}
    </Tabs>
  )
}

/** Starts one and follows it: opened, validated, first beat. */
function TestSession({
  provider,
  live,
  elapsedMs,
}: {
  provider: OwnProvider
  live: ProviderSession[] | undefined
  elapsedMs: number
}) {
  const [launched, setLaunched] = useState<Launched | undefined>()
  const start = useSubmit(async () =>
    setLaunched(await call<Launched>('POST', `/providers/${provider.id}/test-sessions`, {})),
  )
  const session = live?.find(({ id, isTest }) => isTest && (!launched || id === launched.session.id))
  const href = launched && safeHref(launched.launchUrl)
  const [seenId, setSeenId] = useState<string | undefined>()
  if (session && session.id !== seenId) setSeenId(session.id)
  const isOver = launched !== undefined && !session && seenId === launched.session.id
  const isWaiting = launched !== undefined && !isOver && (!session || session.status === 'pending')
  return (
    <>
      {start.error !== undefined && <ProblemNotice error={start.error} />}
      <div className="actions">
        {isWaiting && href ? (
          <a className="button" href={href} target="_blank" rel="noopener noreferrer">
            Open your app in a new tab
          </a>
        ) : null}
        <Button
          kind={isWaiting ? 'quiet' : 'main'}
          needs="developer"
          isBusy={start.isBusy}
          onPress={() => start.run()}
        >
          {launched || session ? 'Start another test session' : 'Start a test session'}
        </Button>
      </div>
      <div aria-live="polite">
        {isWaiting && (
          <p className="hint">The link works once, within two minutes. We are listening for your app…</p>
        )}
        {isOver && (
          <p className="hint">
            It has ended.{' '}
            <Link to={`/providers/${provider.id}/sessions/${launched.session.id}`}>See its timeline</Link>
          </p>
        )}
        {session && session.status !== 'pending' && <FirstBeat session={session} elapsedMs={elapsedMs} />}
      </div>
    </>
  )
}

function FirstBeat({ session, elapsedMs }: { session: ProviderSession; elapsedMs: number }) {
  const usedMs = session.status === 'active' ? session.usedMs + elapsedMs : session.usedMs
  return (
    <dl className="facts">
      <dt>Launch validated</dt>
      <dd>
        <State look="good">Your app was opened</State>
      </dd>
      <dt>First beat</dt>
      <dd>
        {session.sequence > 0 ? (
          <State look="good">We see your first beat</State>
        ) : (
          <State look="waiting">Waiting for it</State>
        )}
      </dd>
      <dt>Time used</dt>
      {/* Every second would be read aloud. */}
      <dd aria-live="off">{formatTime(Math.min(usedMs, session.durationSeconds * 1000))}</dd>
    </dl>
  )
}
