import { useState } from 'react'
import { call } from '../api/call.ts'
import { usePages } from '../api/use-answer.ts'
import { useSubmit } from '../api/use-submit.ts'
import type { Payout } from '../api/wire.ts'
import { formatMoney, formatNumber, shortId } from '../format.ts'
import { Button } from '../parts/button.tsx'
import { Confirm, FormDialog } from '../parts/dialog.tsx'
import { Field, Select } from '../parts/field.tsx'
import { Empty, Loaded, MoreButton } from '../parts/loaded.tsx'
import { Moment } from '../parts/moment.tsx'
import { say } from '../parts/say.ts'
import { PayoutState } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { changeQuery, PageTitle, useAddress } from '../router.tsx'
import { IdLink } from './found.tsx'

const statuses = [
  { value: 'pending', label: 'To be transferred', none: 'Nothing waits to be transferred' },
  { value: 'paid', label: 'Paid', none: 'Nothing was paid yet' },
  { value: 'cancelled', label: 'Cancelled', none: 'Nothing was cancelled' },
] as const

type Asked = { kind: 'new' } | { kind: 'pay' | 'cancel'; payout: Payout }

/** What providers are to be paid, and what was. */
export function Payouts() {
  const { query } = useAddress()
  const { value: status, none } = statuses.find(({ value }) => value === query.get('status')) ?? statuses[0]
  const payouts = usePages<Payout>(`/operators/payouts?status=${status}`)
  const [asked, setAsked] = useState<Asked | undefined>()
  // Also where it was refused or called off: what is asked for may have been done by somebody else.
  const close = () => {
    setAsked(undefined)
    payouts.reload()
  }
  return (
    <>
      <div className="page-head">
        <PageTitle>Payouts</PageTitle>
        <div className="actions">
          <Select
            label="Which payouts"
            isLabelHidden
            value={status}
            choices={statuses}
            onChange={(value) => changeQuery({ status: value === 'pending' ? null : value })}
          />
          <Button onPress={() => setAsked({ kind: 'new' })}>Set an amount aside</Button>
        </div>
      </div>
      <Loaded answer={payouts} what="payouts">
        {(items) =>
          items.length === 0 ? (
            <Empty title={none} />
          ) : (
            <Table
              label="Payouts"
              rows={items}
              keyOf={({ id }) => id}
              columns={[
                { name: 'App', cell: ({ providerId }) => <IdLink id={providerId} isShort /> },
                { name: 'Made', cell: ({ createdAt }) => <Moment at={createdAt} /> },
                { name: 'State', cell: (payout) => <PayoutState status={payout.status} /> },
                {
                  name: 'Reference',
                  cell: ({ reference }) => <span className="breaks">{reference ?? '–'}</span>,
                },
                { name: 'Tokens', isNumber: true, cell: ({ amount }) => formatNumber(amount) },
                {
                  name: 'Worth',
                  isNumber: true,
                  cell: (payout) => formatMoney(payout.amountCents, payout.currency),
                },
                {
                  name: 'Actions',
                  cell: (payout) =>
                    payout.status === 'pending' && (
                      <span className="actions">
                        <Button
                          size="small"
                          aria-label={`Mark as paid: ${nameOf(payout)}`}
                          onPress={() => setAsked({ kind: 'pay', payout })}
                        >
                          Mark as paid
                        </Button>
                        <Button
                          kind="quiet"
                          size="small"
                          aria-label={`Cancel it: ${nameOf(payout)}`}
                          onPress={() => setAsked({ kind: 'cancel', payout })}
                        >
                          Cancel it
                        </Button>
                      </span>
                    ),
                },
              ]}
            />
          )
        }
      </Loaded>
      <MoreButton pages={payouts} />
      {asked?.kind === 'new' && <NewPayout onClose={close} />}
      {asked?.kind === 'pay' && <MarkPaid payout={asked.payout} onClose={close} />}
      {asked?.kind === 'cancel' && (
        <Confirm
          title="Cancel this payout?"
          action="Cancel the payout"
          onClose={close}
          onConfirm={() =>
            call('POST', `/providers/${asked.payout.providerId}/payouts/${asked.payout.id}/cancel`)
          }
        >
          <p>The amount can be paid out again at any time.</p>
        </Confirm>
      )}
    </>
  )
}

const nameOf = ({ amountCents, currency, providerId }: Payout) =>
  `${formatMoney(amountCents, currency)} to ${shortId(providerId)}`

interface Ways {
  onClose: () => void
}

function NewPayout({ onClose }: Ways) {
  const [providerId, setProviderId] = useState('')
  const [amount, setAmount] = useState('')
  const submit = useSubmit(async () => {
    const body = amount.trim() === '' ? {} : { amount: Number(amount) }
    await call('POST', `/providers/${encodeURIComponent(providerId.trim())}/payouts`, body)
    say('The amount is set aside')
    onClose()
  })
  return (
    <FormDialog title="Set an amount aside" submit={submit} action="Set it aside" onClose={onClose}>
      <Field
        label="App (id)"
        name="id"
        value={providerId}
        onChange={setProviderId}
        isRequired
        placeholder="prv_…"
      />
      <Field
        label="Tokens (optional)"
        name="amount"
        value={amount}
        onChange={setAmount}
        inputMode="numeric"
        hint="Left empty: all that can be paid out."
      />
    </FormDialog>
  )
}

function MarkPaid({ payout, onClose }: Ways & { payout: Payout }) {
  const [reference, setReference] = useState('')
  const submit = useSubmit(async () => {
    await call('POST', `/providers/${payout.providerId}/payouts/${payout.id}/pay`, {
      reference: reference.trim(),
    })
    say('The payout is booked')
    onClose()
  })
  return (
    <FormDialog
      title={`Paid: ${formatMoney(payout.amountCents, payout.currency)}`}
      submit={submit}
      action="It is paid"
      onClose={onClose}
    >
      <p>The ledger books it; this cannot be taken back.</p>
      <Field
        label="Reference of the transfer"
        name="reference"
        value={reference}
        onChange={setReference}
        isRequired
        maxLength={140}
        placeholder="SEPA 2026-03-0042"
        hint="The provider sees it."
      />
    </FormDialog>
  )
}
