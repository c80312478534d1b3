import { type ReactNode, useState } from 'react'
import { call } from '../api/call.ts'
import type { ListingChange } from '../api/operator-wire.ts'
import { usePages } from '../api/use-answer.ts'
import { useSubmit } from '../api/use-submit.ts'
import { Button } from '../parts/button.tsx'
import { FormDialog } from '../parts/dialog.tsx'
import { ReasonField } from '../parts/field.tsx'
import { Empty, Loaded, MoreButton } from '../parts/loaded.tsx'
import { Moment } from '../parts/moment.tsx'
import { ProblemNotice } from '../parts/notice.tsx'
import { say } from '../parts/say.ts'
import { State } from '../parts/state.tsx'
import { safeHref } from '../safe-href.ts'

/** What owners of listed apps changed since an operator looked. */
export function ListingChanges() {
  const changes = usePages<ListingChange>('/operators/listing-changes')
  return (
    <>
      <Loaded answer={changes} what="the changes">
        {(items) =>
          items.length === 0 ? (
            <Empty title="Nothing was changed" />
          ) : (
            <ul className="cards">
              {items.map((change) => (
                <li key={change.provider.id}>
                  <Change change={change} onDecided={changes.reload} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      <MoreButton pages={changes} />
    </>
  )
}

function Change({ change, onDecided }: { change: ListingChange; onDecided: () => void }) {
  const { provider, textsBefore, changedSince } = change
  const { id, name, heldAddresses, updatedAt } = provider
  const [isAsking, setAsking] = useState(false)
  const approve = useSubmit(async () => {
    await call('POST', `/operators/providers/${id}/changes/approve`, { updatedAt })
    say(`${name}: the change stands`)
    onDecided()
  })
  const texts = (
    [
      ['Name', textsBefore.name, provider.name],
      ['Description', textsBefore.description, provider.description],
      ['Category', textsBefore.category, provider.category],
      ['Icon', textsBefore.iconUrl ?? 'none', provider.iconUrl ?? 'none'],
    ] as const
  ).filter(([, before, after]) => before !== after)
  return (
    <article className="sheet" aria-label={name}>
      <div className="section-head">
        <h2>{name}</h2>
        <State look="waiting">{heldAddresses ? 'Addresses wait' : 'Live already'}</State>
      </div>
      <dl className="facts">
        {texts.map(([what, before, after]) => (
          <Difference key={what} what={what} before={before} after={after} />
        ))}
        {heldAddresses && heldAddresses.launchUrl !== provider.launchUrl && (
          <Difference
            what="Launch address"
            before={provider.launchUrl}
            after={<Address url={heldAddresses.launchUrl} />}
          />
        )}
        {heldAddresses && heldAddresses.allowedOrigins.join() !== provider.allowedOrigins.join() && (
          <Difference
            what="Allowed origins"
            before={provider.allowedOrigins.join(', ')}
            after={heldAddresses.allowedOrigins.join(', ')}
          />
        )}
        <dt>Waiting since</dt>
        <dd>
          <Moment at={changedSince} /> · <code>{id}</code>
        </dd>
      </dl>
      {approve.error !== undefined && <ProblemNotice error={approve.error} onRetry={onDecided} />}
      <div className="actions">
        <Button
          size="small"
          isBusy={approve.isBusy}
          aria-label={`Let it stand: ${name}`}
          onPress={() => approve.run()}
        >
          Let it stand
        </Button>
        <Button
          kind="danger"
          size="small"
          aria-label={`Take it back: ${name}`}
          onPress={() => setAsking(true)}
        >
          Take it back
        </Button>
      </div>
      {isAsking && (
        <TakeBack
          change={change}
          onClose={() => setAsking(false)}
          onDone={() => {
            setAsking(false)
            onDecided()
          }}
        />
      )}
    </article>
  )
}

function Difference({ what, before, after }: { what: string; before: string; after: ReactNode }) {
  return (
    <>
      <dt>{what}</dt>
      <dd className="typed-text breaks">
        <del>
          <span className="visually-hidden">Before: </span>
          {before || 'nothing'}
        </del>
        <br />
        <ins>
          <span className="visually-hidden">Now: </span>
          {after || 'nothing'}
        </ins>
      </dd>
    </>
  )
}

function Address({ url }: { url: string }) {
  const href = safeHref(url)
  if (!href) return <code>{url}</code>
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {url}
    </a>
  )
}

function TakeBack({
  change: { provider },
  onDone,
  onClose,
}: {
  change: ListingChange
  onDone: () => void
  onClose: () => void
}) {
  const [reason, setReason] = useState('')
  const submit = useSubmit(async () => {
    await call('POST', `/operators/providers/${provider.id}/changes/reject`, {
      updatedAt: provider.updatedAt,
      reason: reason.trim(),
    })
    say(`${provider.name}: the change is taken back`)
    onDone()
  })
  return (
    <FormDialog
      title={`Take it back: ${provider.name}`}
      submit={submit}
      action="Take it back"
      kind="danger"
      onClose={onClose}
    >
      <p>
        Its texts are again as they were approved, and addresses that wait are dropped. The owners read your
        reason. Sessions go on.
      </p>
      <ReasonField value={reason} onChange={setReason} placeholder="The new page sells something else." />
    </FormDialog>
  )
}
