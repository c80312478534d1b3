import { useState } from 'react'
import { call } from '../api/call.ts'
import { useAnswer, usePages } from '../api/use-answer.ts'
import { useSubmit } from '../api/use-submit.ts'
import type { Delivery, Endpoint, IssuedEndpoint } from '../api/wire.ts'
import { formatMoment } from '../format.ts'
import { Button } from '../parts/button.tsx'
import { Code } from '../parts/copy.tsx'
import { Confirm, Dialog } from '../parts/dialog.tsx'
import { Select } from '../parts/field.tsx'
import { Empty, Loaded, MoreButton } from '../parts/loaded.tsx'
import { ProblemNotice } from '../parts/notice.tsx'
import { say } from '../parts/say.ts'
import { Secret } from '../parts/secret.tsx'
import { State } from '../parts/state.tsx'
import { changeQuery, Link, navigatorFromHere, PageTitle, useAddress } from '../router.tsx'
import { Deliveries } from './deliveries.tsx'
import { EndpointDialog } from './endpoint-dialog.tsx'
import type { ProviderPage } from './provider-page.ts'
import { ReplayDialog } from './replay-dialog.tsx'
import { EndpointState } from './webhooks.tsx'

const statuses = [
  { value: 'all', label: 'All deliveries' },
  { value: 'failed', label: 'Failed ones' },
  { value: 'pending', label: 'Under way' },
  { value: 'delivered', label: 'Delivered' },
] as const

export const WebhookEndpoint: ProviderPage = ({ provider, params }) => {
  const list = `/providers/${provider.id}/webhooks`
  const path = `/providers/${provider.id}/webhook-endpoints/${params.endpointId}`
  const endpoint = useAnswer<Endpoint>(path)
  return (
    <>
      <p>
        <Link to={list}>Webhooks</Link>
      </p>
      <PageTitle>Webhook endpoint</PageTitle>
      <Loaded answer={endpoint} what="the endpoint">
        {(value) => (
          <>
            <About endpoint={value} path={path} onChanged={endpoint.reload} list={list} />
            <Log endpoint={value} path={path} />
          </>
        )}
      </Loaded>
    </>
  )
}

type Asked = 'change' | 'remove' | 'rotate'

function About({
  endpoint,
  path,
  list,
  onChanged,
}: {
  endpoint: Endpoint
  path: string
  list: string
  onChanged: () => void
}) {
  const [asked, setAsked] = useState<Asked | undefined>()
  const [issued, setIssued] = useState<IssuedEndpoint | undefined>()
  const close = () => setAsked(undefined)
  const isEnabled = endpoint.status === 'enabled'
  const toggle = useSubmit(async () => {
    await call('PATCH', path, { status: isEnabled ? 'disabled' : 'enabled' })
    onChanged()
  })
  return (
    <section className="sheet" aria-label="About this endpoint">
      <dl className="facts">
        <dt>Address</dt>
        <dd>
          <code>{endpoint.url}</code>
        </dd>
        <dt>Events</dt>
        <dd>{endpoint.events.includes('*') ? 'All' : endpoint.events.join(', ')}</dd>
        <dt>State</dt>
        <dd>
          <EndpointState endpoint={endpoint} />
        </dd>
        {endpoint.previousSecretExpiresAt && (
          <>
            <dt>Old secret</dt>
            <dd>signs, too, until {formatMoment(endpoint.previousSecretExpiresAt)}</dd>
          </>
        )}
      </dl>
      {toggle.error !== undefined && <ProblemNotice error={toggle.error} />}
      <div className="actions">
        <Button kind="quiet" size="small" needs="developer" onPress={() => setAsked('change')}>
          Change
        </Button>
        <Button
          kind="quiet"
          size="small"
          needs="developer"
          isBusy={toggle.isBusy}
          onPress={() => toggle.run()}
        >
          {isEnabled ? 'Disable' : 'Enable'}
        </Button>
        <Button kind="quiet" size="small" needs="developer" onPress={() => setAsked('rotate')}>
          Rotate the secret
        </Button>
        <Button kind="danger" size="small" needs="developer" onPress={() => setAsked('remove')}>
          Delete
        </Button>
      </div>
      {asked === 'change' && (
        <EndpointDialog
          title="Change the endpoint"
          endpoint={endpoint}
          action="Save"
          onClose={close}
          onSubmit={async (change) => {
            await call('PATCH', path, change)
            close()
            onChanged()
          }}
        />
      )}
      {asked === 'rotate' && (
        <Confirm
          title="Rotate the signing secret?"
          action="Rotate it"
          onClose={close}
          onConfirm={async () => setIssued(await call<IssuedEndpoint>('POST', `${path}/rotate-secret`, {}))}
        >
          <p>Both secrets sign for 24 hours, so your server can change over without missing a call.</p>
        </Confirm>
      )}
      {asked === 'remove' && (
        <Confirm
          title="Delete this endpoint?"
          action="Delete it"
          onClose={close}
          onConfirm={async () => {
            const goOn = navigatorFromHere()
            await call('DELETE', path)
            goOn(list)
          }}
        >
          <p>Nothing more is sent to it, and its log is gone.</p>
        </Confirm>
      )}
      {issued && (
        <Dialog title="Its new signing secret" onClose={() => setIssued(undefined)} isDismissable={false}>
          <Secret
            secret={issued.secret}
            note="We keep it encrypted, because every delivery is signed with it."
            onClose={() => {
              setIssued(undefined)
              onChanged()
            }}
          />
        </Dialog>
      )}
    </section>
  )
}

function Log({ endpoint, path }: { endpoint: Endpoint; path: string }) {
  const { query } = useAddress()
  const status = statuses.find(({ value }) => value === query.get('status'))?.value ?? 'all'
  const deliveries = usePages<Delivery>(`${path}/deliveries${status === 'all' ? '' : `?status=${status}`}`)
  const [openId, setOpenId] = useState<string | undefined>()
  const opened = deliveries.value?.find(({ id }) => id === openId)
  const test = useSubmit(async () => {
    await call('POST', `${path}/test`)
    say('A test event is on its way')
    deliveries.reload()
  })
  const [isReplaying, setReplaying] = useState(false)
  const isDisabled = endpoint.status === 'disabled'
  return (
    <section aria-labelledby="log">
      <div className="section-head">
        <h2 id="log">Deliveries</h2>
        <div className="actions">
          <Select
            label="Which deliveries"
            isLabelHidden
            value={status}
            choices={statuses}
            onChange={(value) => changeQuery({ status: value === 'all' ? null : value })}
          />
          <Button kind="quiet" size="small" onPress={deliveries.reload}>
            Refresh
          </Button>
          <Button
            kind="quiet"
            size="small"
            needs="developer"
            isDisabled={isDisabled}
            onPress={() => setReplaying(true)}
          >
            Replay
          </Button>
          <Button
            size="small"
            needs="developer"
            isDisabled={isDisabled}
            isBusy={test.isBusy}
            onPress={() => test.run()}
          >
            Send a test event
          </Button>
        </div>
      </div>
      {test.error !== undefined && <ProblemNotice error={test.error} />}
      <Loaded answer={deliveries} what="the deliveries">
        {(items) =>
          items.length === 0 ? (
            <Empty title="Nothing was sent yet">
              <p>Send a test event to see whether your server takes our calls.</p>
            </Empty>
          ) : (
            <Deliveries deliveries={items} onOpen={setOpenId} />
          )
        }
      </Loaded>
      <MoreButton pages={deliveries} />
      {isReplaying && (
        <ReplayDialog
          path={path}
          onClose={() => setReplaying(false)}
          onDone={(what) => {
            setReplaying(false)
            say(what)
            deliveries.reload()
          }}
        />
      )}
      {opened && (
        <DeliveryDialog
          delivery={opened}
          path={path}
          onReplayed={deliveries.reload}
          onClose={() => setOpenId(undefined)}
        />
      )}
    </section>
  )
}

function DeliveryDialog({
  delivery,
  path,
  onReplayed,
  onClose,
}: {
  delivery: Delivery
  path: string
  onReplayed: () => void
  onClose: () => void
}) {
  const replay = useSubmit(async () => {
    await call('POST', `${path}/deliveries/${delivery.id}/replay`)
    say('It is sent again')
    onReplayed()
    onClose()
  })
  return (
    <Dialog title={delivery.type} onClose={onClose}>
      <dl className="facts">
        <dt>webhook-id</dt>
        <dd>
          <code>{delivery.eventId}</code>
        </dd>
        <dt>Happened</dt>
        <dd>{formatMoment(delivery.createdAt)}</dd>
        {delivery.nextAttemptAt && (
          <>
            <dt>Tried next</dt>
            <dd>{formatMoment(delivery.nextAttemptAt)}</dd>
          </>
        )}
      </dl>
      <h3>Attempts</h3>
      {delivery.attempts.length === 0 && <p className="quiet">None yet.</p>}
      <ul className="attempts">
        {delivery.attempts.map(({ number, at, httpStatus, latencyMs, error, answer }) => (
          <li key={number}>
            <State look={httpStatus !== null && httpStatus < 300 ? 'good' : 'bad'}>
              {httpStatus === null ? (error ?? 'No answer') : `Answered ${httpStatus}`}
            </State>{' '}
            <span className="quiet">
              {formatMoment(at)}, {latencyMs} ms
            </span>
            {answer && <Code label="Answer" text={answer} />}
          </li>
        ))}
      </ul>
      <Code label="Payload" text={JSON.stringify(delivery.payload, null, 2)} />
      {replay.error !== undefined && <ProblemNotice error={replay.error} />}
      <div className="actions">
        <Button needs="developer" isBusy={replay.isBusy} onPress={() => replay.run()}>
          Send it again
        </Button>
        <Button kind="quiet" onPress={onClose}>
          Close
        </Button>
      </div>
    </Dialog>
  )
}
