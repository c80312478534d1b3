import { useState } from 'react'
import { call } from '../api/call.ts'
import { type Pages, usePages } from '../api/use-answer.ts'
import { useSubmit } from '../api/use-submit.ts'
import type { OwnProvider, ProviderStatus } from '../api/wire.ts'
import { formatMoment, formatTokens } from '../format.ts'
import { Button } from '../parts/button.tsx'
import { FormDialog } from '../parts/dialog.tsx'
import { ReasonField, Select } from '../parts/field.tsx'
import { Empty, Loaded, MoreButton } from '../parts/loaded.tsx'
import { ProblemNotice } from '../parts/notice.tsx'
import { say } from '../parts/say.ts'
import { ProviderState } from '../parts/state.tsx'
import { changeQuery, PageTitle, useAddress } from '../router.tsx'
import { safeHref } from '../safe-href.ts'
import { ListingChanges } from './listing-changes.tsx'

const statuses: readonly { value: ProviderStatus; label: string; none: string }[] = [
  { value: 'in_review', label: 'Waiting for review', none: 'Nobody is waiting' },
  { value: 'listed', label: 'Listed', none: 'Nothing is listed' },
  { value: 'suspended', label: 'Suspended', none: 'Nothing is suspended' },
  { value: 'draft', label: 'Drafts', none: 'There are no drafts' },
]

const choices = [
  statuses[0]!,
  { value: 'changed' as const, label: 'Changed since they were listed' },
  ...statuses.slice(1),
]

/** The queue, the longest waiting first; and every other app by its status. */
export function Review() {
  const { query } = useAddress()
  const isChanges = query.get('status') === 'changed'
  const shown = statuses.find(({ value }) => value === query.get('status')) ?? statuses[0]!
  const apps = usePages<OwnProvider>(isChanges ? undefined : `/operators/providers?status=${shown.value}`)
  return (
    <>
      <div className="page-head">
        <PageTitle>Apps and review</PageTitle>
        <Select
          label="Which apps"
          isLabelHidden
          value={isChanges ? 'changed' : shown.value}
          choices={choices}
          onChange={(value) => changeQuery({ status: value === 'in_review' ? null : value })}
        />
      </div>
      {isChanges ? <ListingChanges /> : <Apps apps={apps} none={shown.none} />}
    </>
  )
}

function Apps({ apps, none }: { apps: Pages<OwnProvider>; none: string }) {
  return (
    <>
      <Loaded answer={apps} what="the apps">
        {(items) =>
          items.length === 0 ? (
            <Empty title={none} />
          ) : (
            <ul className="cards">
              {items.map((provider) => (
                <li key={provider.id}>
                  <App provider={provider} onChanged={apps.reload} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      <MoreButton pages={apps} />
    </>
  )
}

function App({ provider, onChanged }: { provider: OwnProvider; onChanged: () => void }) {
  const [asked, setAsked] = useState<'reject' | 'suspend' | undefined>()
  const { id, name, status } = provider
  const href = safeHref(provider.launchUrl)
  const listIt = status === 'suspended' ? 'List it again' : 'List it'
  const approve = useSubmit(async () => {
    await call('POST', `/providers/${id}/approve?updatedAt=${encodeURIComponent(provider.updatedAt)}`)
    say(`${name} is listed`)
    onChanged()
  })
  return (
    <article className="sheet" aria-label={name}>
      <div className="section-head">
        <h2>{name}</h2>
        <ProviderState status={status} />
      </div>
      {provider.description && <p className="typed-text">{provider.description}</p>}
      <dl className="facts">
        <dt>Launch address</dt>
        <dd>
          {href ? (
            <a href={href} target="_blank" rel="noopener noreferrer">
              {provider.launchUrl}
            </a>
          ) : (
            <code>{provider.launchUrl}</code>
          )}
        </dd>
        <dt>Allowed origins</dt>
        <dd>{provider.allowedOrigins.join(', ')}</dd>
        <dt>Category, price</dt>
        <dd>
          {provider.category}, {formatTokens(provider.tokensPerMinute)} a minute
        </dd>
        <dt>Registered</dt>
        <dd>
          {formatMoment(provider.createdAt)} · <code>{id}</code>
        </dd>
        {provider.reviewNote && (
          <>
            <dt>Last note</dt>
            <dd>{provider.reviewNote}</dd>
          </>
        )}
      </dl>
      {approve.error !== undefined && <ProblemNotice error={approve.error} onRetry={onChanged} />}
      <div className="actions">
        {status !== 'listed' && (
          <Button
            size="small"
            isBusy={approve.isBusy}
            aria-label={`${listIt}: ${name}`}
            onPress={() => approve.run()}
          >
            {listIt}
          </Button>
        )}
        {status === 'in_review' && (
          <Button
            kind="quiet"
            size="small"
            aria-label={`Send it back: ${name}`}
            onPress={() => setAsked('reject')}
          >
            Send it back
          </Button>
        )}
        {status !== 'suspended' && (
          <Button
            kind="danger"
            size="small"
            aria-label={`Suspend: ${name}`}
            onPress={() => setAsked('suspend')}
          >
            Suspend
          </Button>
        )}
      </div>
      {asked && (
        <AskReason
          provider={provider}
          verb={asked}
          onClose={() => setAsked(undefined)}
          onDone={() => {
            setAsked(undefined)
            onChanged()
          }}
        />
      )}
    </article>
  )
}

const words = {
  reject: {
    title: 'Send it back',
    text: 'It becomes a draft again. Its owner reads your reason.',
  },
  suspend: {
    title: 'Suspend it',
    text: 'It leaves the catalogue. Sessions that run end at once, charged to their last beat; its owner reads your reason.',
  },
}

function AskReason({
  provider,
  verb,
  onDone,
  onClose,
}: {
  provider: OwnProvider
  verb: 'reject' | 'suspend'
  onDone: () => void
  onClose: () => void
}) {
  const [reason, setReason] = useState('')
  const submit = useSubmit(async () => {
    await call('POST', `/providers/${provider.id}/${verb}`, { reason: reason.trim() })
    say(`${provider.name}: done`)
    onDone()
  })
  return (
    <FormDialog
      title={`${words[verb].title}: ${provider.name}`}
      submit={submit}
      action={words[verb].title}
      kind={verb === 'suspend' ? 'danger' : 'main'}
      onClose={onClose}
    >
      <p>{words[verb].text}</p>
      <ReasonField value={reason} onChange={setReason} placeholder="The launch page answers 404." />
    </FormDialog>
  )
}
