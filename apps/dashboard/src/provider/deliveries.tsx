import type { Delivery } from '../api/wire.ts'
import { Button } from '../parts/button.tsx'
import { Moment } from '../parts/moment.tsx'
import { State } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'

export function Deliveries({
  deliveries,
  onOpen,
}: {
  deliveries: readonly Delivery[]
  onOpen: (id: string) => void
}) {
  return (
    <Table
      label="Deliveries"
      rows={deliveries}
      keyOf={({ id }) => id}
      columns={[
        { name: 'Event', cell: ({ type }) => <code>{type}</code> },
        { name: 'Happened', cell: ({ createdAt }) => <Moment at={createdAt} /> },
        { name: 'State', cell: (delivery) => <DeliveryState delivery={delivery} /> },
        { name: 'Answer', cell: ({ attempts: [last] }) => (last ? (last.httpStatus ?? last.error) : '–') },
        {
          name: 'Took',
          isNumber: true,
          cell: ({ attempts: [last] }) => (last ? `${last.latencyMs} ms` : '–'),
        },
        {
          name: 'Details',
          cell: ({ id, type }) => (
            <Button kind="quiet" size="small" aria-label={`Show ${type}`} onPress={() => onOpen(id)}>
              Show
            </Button>
          ),
        },
      ]}
    />
  )
}

function DeliveryState({ delivery }: { delivery: Delivery }) {
  const { status, attemptCount } = delivery
  if (status === 'delivered') return <State look="good">Delivered</State>
  if (status === 'failed') return <State look="bad">Failed</State>
  return <State look="waiting">{attemptCount === 0 ? 'On its way' : `Tried ${attemptCount} times`}</State>
}
