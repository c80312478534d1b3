import { useState } from 'react'
import { call } from '../api/call.ts'
import { usePages } from '../api/use-answer.ts'
import { useSubmit } from '../api/use-submit.ts'
import type { ApiKey, IssuedApiKey, NewApiKey, Scope } from '../api/wire.ts'
import { formatMoment } from '../format.ts'
import { Button } from '../parts/button.tsx'
import { Confirm, Dialog, FormDialog } from '../parts/dialog.tsx'
import { type Choice, Choices, Field, OneOf } from '../parts/field.tsx'
import { Empty, Loaded, MoreButton } from '../parts/loaded.tsx'
import { Notice } from '../parts/notice.tsx'
import { Secret } from '../parts/secret.tsx'
import { State } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { PageTitle } from '../router.tsx'
import type { ProviderPage } from './provider-page.ts'

const scopes: readonly Choice<Scope>[] = [
  { value: 'sessions:read', label: 'Read sessions' },
  { value: 'sessions:write', label: 'Start tests' },
  { value: 'providers:write', label: 'Change the listing, addresses and price' },
  { value: 'analytics:read', label: 'Read figures and earnings' },
  { value: 'webhooks:write', label: 'Manage webhooks and replay deliveries' },
  { value: 'keys:write', label: 'Make, replace and revoke keys that may do no more' },
]

/** What they change has no second copy for tests. */
const SHARED_SCOPES: ReadonlySet<Scope> = new Set(['providers:write', 'webhooks:write'])

type Asked =
  | { kind: 'new' }
  | { kind: 'rotate' | 'revoke'; key: ApiKey }
  | { kind: 'shown'; issued: IssuedApiKey }

export const Keys: ProviderPage = ({ provider }) => {
  const path = `/providers/${provider.id}/api-keys`
  const keys = usePages<ApiKey>(`${path}?limit=50`)
  const [asked, setAsked] = useState<Asked | undefined>()
  const close = () => setAsked(undefined)
  const show = (issued: IssuedApiKey) => {
    keys.reload()
    setAsked({ kind: 'shown', issued })
  }
  return (
    <>
      <div className="page-head">
        <div>
          <PageTitle>API keys</PageTitle>
          <p className="lead">For your server. A key does what its scopes say, and nothing else.</p>
        </div>
        <Button needs="developer" onPress={() => setAsked({ kind: 'new' })}>
          Make a key
        </Button>
      </div>
      <Loaded answer={keys} what="the keys">
        {(items) =>
          items.length === 0 ? (
            <Empty title="No keys yet">
              <p>Pages need none. Make one when your server wants to call the API.</p>
            </Empty>
          ) : (
            <KeyTable keys={items} onAsk={(kind, key) => setAsked({ kind, key })} />
          )
        }
      </Loaded>
      <MoreButton pages={keys} />
      {asked?.kind === 'new' && <NewKey path={path} onIssued={show} onClose={close} />}
      {asked?.kind === 'shown' && (
        <Dialog title={`The secret of “${asked.issued.name}”`} onClose={close} isDismissable={false}>
          <Secret
            secret={asked.issued.secret}
            note="We keep nothing that it could be made from."
            onClose={close}
          />
        </Dialog>
      )}
      {asked?.kind === 'rotate' && (
        <RotateKey path={path} apiKey={asked.key} onIssued={show} onClose={close} />
      )}
      {asked?.kind === 'revoke' && (
        <Confirm
          title={`Revoke “${asked.key.name}”?`}
          action="Revoke it"
          onClose={close}
          onConfirm={async () => {
            await call('DELETE', `${path}/${asked.key.id}`)
            keys.reload()
          }}
        >
          <p>It stops working at once, wherever it is used. This cannot be taken back.</p>
        </Confirm>
      )}
    </>
  )
}

function KeyTable({
  keys,
  onAsk,
}: {
  keys: readonly ApiKey[]
  onAsk: (kind: 'rotate' | 'revoke', key: ApiKey) => void
}) {
  return (
    <Table
      label="API keys"
      rows={keys}
      keyOf={({ id }) => id}
      columns={[
        {
          name: 'Name',
          cell: ({ name, mode }) => (
            <span className="breaks">
              {name} {mode === 'test' && <span className="badge">Test</span>}
            </span>
          ),
        },
        {
          name: 'Secret',
          cell: ({ mode, secretEnding }) => <code>{`tmk_${mode}_…${secretEnding}`}</code>,
        },
        { name: 'Scopes', cell: ({ scopes: allowed }) => allowed.join(', ') },
        { name: 'Last used', cell: ({ lastUsedAt }) => (lastUsedAt ? formatMoment(lastUsedAt) : 'never') },
        { name: 'State', cell: (key) => <KeyState apiKey={key} /> },
        {
          name: 'Actions',
          cell: (key) =>
            isWorking(key) && (
              <span className="actions">
                {key.expiresAt === null && (
                  <Button
                    kind="quiet"
                    size="small"
                    needs="developer"
                    aria-label={`Rotate ${key.name}`}
                    onPress={() => onAsk('rotate', key)}
                  >
                    Rotate
                  </Button>
                )}
                <Button
                  kind="danger"
                  size="small"
                  needs="developer"
                  aria-label={`Revoke ${key.name}`}
                  onPress={() => onAsk('revoke', key)}
                >
                  Revoke
                </Button>
              </span>
            ),
        },
      ]}
    />
  )
}

const isWorking = ({ revokedAt, expiresAt }: ApiKey) =>
  revokedAt === null && (expiresAt === null || Date.parse(expiresAt) > Date.now())

function KeyState({ apiKey }: { apiKey: ApiKey }) {
  if (apiKey.revokedAt) return <State look="bad">Revoked</State>
  if (apiKey.expiresAt === null) return <State look="good">Works</State>
  return isWorking(apiKey) ? (
    <State look="waiting">{`Until ${formatMoment(apiKey.expiresAt)}`}</State>
  ) : (
    <State look="over">Replaced</State>
  )
}

function NewKey({
  path,
  onIssued,
  onClose,
}: {
  path: string
  onIssued: (issued: IssuedApiKey) => void
  onClose: () => void
}) {
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState<Scope[]>(['sessions:read'])
  const [mode, setMode] = useState<NewApiKey['mode']>('live')
  const make = useSubmit(async () =>
    onIssued(
      await call<IssuedApiKey>('POST', path, { name: name.trim(), scopes: chosen, mode } satisfies NewApiKey),
    ),
  )
  return (
    <FormDialog title="Make an API key" submit={make} action="Make the key" onClose={onClose}>
      <Field
        label="Name"
        name="name"
        value={name}
        onChange={setName}
        isRequired
        maxLength={80}
        placeholder="Production server"
        hint="For you, to tell keys apart."
      />
      <OneOf
        label="Mode"
        value={mode}
        onChange={setMode}
        choices={[
          { value: 'live', label: 'Live', hint: 'Knows paid sessions only.' },
          { value: 'test', label: 'Test', hint: 'Knows test sessions only, which cost nothing.' },
        ]}
      />
      <Choices label="It may" name="scopes" values={chosen} onChange={setChosen} choices={scopes} />
      {mode === 'test' && chosen.some((scope) => SHARED_SCOPES.has(scope)) && (
        <Notice title="This test key can change what is live">
          <p>The listing and the webhook endpoints are one for live and test.</p>
        </Notice>
      )}
    </FormDialog>
  )
}

function RotateKey({
  path,
  apiKey,
  onIssued,
  onClose,
}: {
  path: string
  apiKey: ApiKey
  onIssued: (issued: IssuedApiKey) => void
  onClose: () => void
}) {
  const [hours, setHours] = useState<'0' | '24' | '168'>('24')
  const rotate = useSubmit(async () =>
    onIssued(
      await call<IssuedApiKey>('POST', `${path}/${apiKey.id}/rotate`, { overlapHours: Number(hours) }),
    ),
  )
  return (
    <FormDialog title={`Rotate “${apiKey.name}”`} submit={rotate} action="Rotate" onClose={onClose}>
      <p>You get a new secret with the same scopes.</p>
      <OneOf
        label="The old secret works on for"
        value={hours}
        onChange={setHours}
        choices={[
          { value: '24', label: '24 hours' },
          { value: '168', label: '7 days' },
          { value: '0', label: 'Not at all' },
        ]}
      />
    </FormDialog>
  )
}
