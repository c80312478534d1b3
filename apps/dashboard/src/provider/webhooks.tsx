import { useState } from 'react'
import { call } from '../api/call.ts'
import { usePages } from '../api/use-answer.ts'
import type { Endpoint, IssuedEndpoint } from '../api/wire.ts'
import { formatMoment } from '../format.ts'
import { Button } from '../parts/button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Empty, Loaded, MoreButton } from '../parts/loaded.tsx'
import { Moment } from '../parts/moment.tsx'
import { Secret } from '../parts/secret.tsx'
import { State } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { Link, navigate, PageTitle } from '../router.tsx'
import { EndpointDialog } from './endpoint-dialog.tsx'
import type { ProviderPage } from './provider-page.ts'

export const Webhooks: ProviderPage = ({ provider }) => {
  const path = `/providers/${provider.id}/webhook-endpoints`
  const endpoints = usePages<Endpoint>(path)
  const [isAdding, setAdding] = useState(false)
  const [issued, setIssued] = useState<IssuedEndpoint | undefined>()
  return (
    <>
      <div className="page-head">
        <div>
          <PageTitle>Webhooks</PageTitle>
          <p className="lead">We call your server when something happens, signed by Standard Webhooks.</p>
        </div>
        <Button needs="developer" onPress={() => setAdding(true)}>
          Add an endpoint
        </Button>
      </div>
      <Loaded answer={endpoints} what="the endpoints">
        {(items) =>
          items.length === 0 ? (
            <Empty title="Nobody is told yet">
              <p>Add the address of your server that takes our calls.</p>
            </Empty>
          ) : (
            <Table
              label="Webhook endpoints"
              rows={items}
              keyOf={({ id }) => id}
              columns={[
                {
                  name: 'Address',
                  cell: ({ id, url }) => (
                    <Link className="breaks" to={`/providers/${provider.id}/webhooks/${id}`}>
                      {url}
                    </Link>
                  ),
                },
                { name: 'Events', cell: ({ events }) => (events.includes('*') ? 'All' : events.join(', ')) },
                { name: 'State', cell: (endpoint) => <EndpointState endpoint={endpoint} /> },
                { name: 'Added', cell: ({ createdAt }) => <Moment at={createdAt} /> },
              ]}
            />
          )
        }
      </Loaded>
      <MoreButton pages={endpoints} />
      {isAdding && (
        <EndpointDialog
          title="Add a webhook endpoint"
          action="Add it"
          onClose={() => setAdding(false)}
          onSubmit={async (endpoint) => {
            const made = await call<IssuedEndpoint>('POST', path, endpoint)
            setAdding(false)
            setIssued(made)
            endpoints.reload()
          }}
        />
      )}
      {issued && (
        <Dialog title="Its signing secret" onClose={() => setIssued(undefined)} isDismissable={false}>
          <Secret
            secret={issued.secret}
            note="We keep it encrypted, because every delivery is signed with it."
            onClose={() => {
              setIssued(undefined)
              navigate(`/providers/${provider.id}/webhooks/${issued.id}`)
            }}
          />
        </Dialog>
      )}
    </>
  )
}

const reasons: Record<string, string> = {
  owner: 'Disabled',
  gone: 'Disabled: it answered 410',
  failing: 'Disabled: 5 days without a success',
}

export function EndpointState({ endpoint }: { endpoint: Endpoint }) {
  const { status, disabledBecause, failingSince } = endpoint
  if (status === 'disabled') return <State look="bad">{reasons[disabledBecause ?? ''] ?? 'Disabled'}</State>
  if (failingSince) return <State look="waiting">{`Failing since ${formatMoment(failingSince)}`}</State>
  return <State look="good">Enabled</State>
}
