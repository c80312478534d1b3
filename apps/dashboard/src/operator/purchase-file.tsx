import { useState } from 'react'
import { call } from '../api/call.ts'
import type { PurchaseFile as File } from '../api/operator-wire.ts'
import { useAnswer } from '../api/use-answer.ts'
import { useSubmit } from '../api/use-submit.ts'
import { exampleAmount, formatMoment, formatMoney, formatNumber, toCents } from '../format.ts'
import { Button } from '../parts/button.tsx'
import { FormDialog } from '../parts/dialog.tsx'
import { Field, OneOf, ReasonField } from '../parts/field.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { Moment } from '../parts/moment.tsx'
import { say } from '../parts/say.ts'
import { State } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { IdLink, PurchaseState, Transfers } from './found.tsx'

/** A purchase with what Stripe said about it and what was given back, and the way to give back more. */
export function PurchaseFile({ id }: { id: string }) {
  const file = useAnswer<File>(`/operators/purchases/${id}`)
  const [isRefunding, setRefunding] = useState(false)
  return (
    <>
      <Loaded answer={file} what="the purchase">
        {(found) => (
          <>
            <About file={found} onRefund={() => setRefunding(true)} />
            {found.refunds.length > 0 && <Refunds file={found} />}
            <section aria-labelledby="events">
              <h2 id="events">What Stripe said</h2>
              <Table
                label="What Stripe said"
                rows={found.events}
                keyOf={(event) => event.id}
                columns={[
                  { name: 'Event', cell: ({ type }) => <code>{type}</code> },
                  { name: 'Came', cell: ({ receivedAt }) => <Moment at={receivedAt} /> },
                  { name: 'Became of it', cell: ({ outcome, refusedBecause }) => refusedBecause ?? outcome },
                ]}
              />
            </section>
            {isRefunding && (
              <RefundDialog
                file={found}
                onClose={() => setRefunding(false)}
                onDone={() => {
                  setRefunding(false)
                  file.reload()
                }}
              />
            )}
          </>
        )}
      </Loaded>
      <Transfers filter={{ purchaseId: id }} title="Its lines of the ledger" />
    </>
  )
}

function About({ file, onRefund }: { file: File; onRefund: () => void }) {
  const { purchase, userId, refundedCents, disputedCents, reversedTokens, isDisputed, paymentIntentId } = file
  const { amountCents, currency, status } = purchase
  const leftCents = leftOf(file)
  return (
    <section className="sheet" aria-labelledby="purchase">
      <div className="section-head">
        <h2 id="purchase">Purchase</h2>
        <PurchaseState status={status} />
      </div>
      <dl className="facts">
        <dt>Id</dt>
        <dd>
          <code>{purchase.id}</code>
        </dd>
        <dt>Person</dt>
        <dd>
          <IdLink id={userId} />
        </dd>
        <dt>Bought</dt>
        <dd>
          {formatNumber(purchase.tokens)} tokens for {formatMoney(amountCents, currency)},{' '}
          {formatMoment(purchase.createdAt)}
        </dd>
        <dt>Given back</dt>
        <dd>
          {formatMoney(refundedCents, currency)}; {formatNumber(reversedTokens)} tokens were taken back
        </dd>
        {isDisputed && (
          <>
            <dt>Dispute</dt>
            <dd>
              <State look="bad">{`The bank holds or took back ${formatMoney(disputedCents, currency)}`}</State>
            </dd>
          </>
        )}
        {paymentIntentId && (
          <>
            <dt>At Stripe</dt>
            <dd>
              <code>{paymentIntentId}</code>
            </dd>
          </>
        )}
      </dl>
      {(status === 'paid' || status === 'disputed') && leftCents > 0 && (
        <div className="actions">
          <Button kind="danger" size="small" onPress={onRefund}>
            Give money back
          </Button>
        </div>
      )}
    </section>
  )
}

/** What neither refunds nor disputes took. */
const leftOf = ({ purchase, refundedCents, disputedCents }: File) =>
  purchase.amountCents - refundedCents - disputedCents

const refundLooks = { pending: 'waiting', sent: 'good', failed: 'bad' } as const

function Refunds({ file }: { file: File }) {
  return (
    <section aria-labelledby="refunds">
      <h2 id="refunds">What was given back</h2>
      <Table
        label="What was given back"
        rows={file.refunds}
        keyOf={({ id }) => id}
        columns={[
          { name: 'Asked for', cell: ({ createdAt }) => <Moment at={createdAt} /> },
          { name: 'State', cell: ({ status }) => <State look={refundLooks[status]}>{status}</State> },
          { name: 'Reason', cell: ({ reason }) => <span className="breaks">{reason}</span> },
          { name: 'By', cell: ({ requestedBy }) => <IdLink id={requestedBy} isShort /> },
          {
            name: 'Amount',
            isNumber: true,
            cell: ({ amountCents }) => formatMoney(amountCents, file.purchase.currency),
          },
        ]}
      />
    </section>
  )
}

function RefundDialog({ file, onDone, onClose }: { file: File; onDone: () => void; onClose: () => void }) {
  const { purchase } = file
  const leftCents = leftOf(file)
  const [extent, setExtent] = useState<'all' | 'part'>('all')
  const [amount, setAmount] = useState('')
  const [reason, setReason] = useState('')
  const submit = useSubmit(async () => {
    await call('POST', `/operators/purchases/${purchase.id}/refund`, {
      reason: reason.trim(),
      ...(extent === 'part' && { amountCents: toCents(amount, purchase.currency) }),
    })
    say('The money is given back')
    onDone()
  })
  return (
    <FormDialog title="Give money back" submit={submit} action="Give it back" kind="danger" onClose={onClose}>
      <p>The tokens are taken back with it; what was spent already becomes a debt of the user.</p>
      <OneOf
        label="How much"
        value={extent}
        onChange={setExtent}
        choices={[
          { value: 'all', label: `All that is left, ${formatMoney(leftCents, purchase.currency)}` },
          { value: 'part', label: 'A part' },
        ]}
      />
      {extent === 'part' && (
        <Field
          label={`Amount in ${purchase.currency.toUpperCase()}`}
          name="amountCents"
          value={amount}
          onChange={setAmount}
          isRequired
          placeholder={exampleAmount(purchase.currency)}
          hint="Thousands stand without a comma."
        />
      )}
      <ReasonField
        value={reason}
        onChange={setReason}
        placeholder="Bought twice by mistake"
        hint="For the audit log and for Stripe’s records."
      />
    </FormDialog>
  )
}
