import { useId } from 'react'
import type { FoundPurchase, FoundSession, FoundTransfer } from '../api/operator-wire.ts'
import { usePages } from '../api/use-answer.ts'
import { formatMoment, formatMoney, formatNumber, formatTime, shortId } from '../format.ts'
import { Empty, Loaded, MoreButton } from '../parts/loaded.tsx'
import { Moment } from '../parts/moment.tsx'
import { SessionState, State } from '../parts/state.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Link } from '../router.tsx'

type Filter = Record<string, string>

const LOOKED_UP = new Set(['usr_', 'ses_', 'pur_', 'trf_', 'prv_'])

/** Leads on to what an id names; an account of the platform's own names nothing to look up. */
export function IdLink({ id, isShort = false }: { id: string; isShort?: boolean }) {
  const [prefix] = /^[a-z]{3}_/.exec(id) ?? []
  const shown = isShort && prefix ? prefix + shortId(id) : id
  const look = isShort ? 'nowrap' : undefined
  if (!prefix || !LOOKED_UP.has(prefix)) {
    return (
      <code className={look} title={id}>
        {shown}
      </code>
    )
  }
  return (
    <Link to={`/operator/search?q=${encodeURIComponent(id)}`} title={id}>
      <code className={look}>{shown}</code>
    </Link>
  )
}

export function Sessions({ filter, title }: { filter: Filter; title: string }) {
  return (
    <List<FoundSession>
      path="sessions"
      filter={filter}
      title={title}
      keyOf={({ session }) => session.id}
      columns={[
        { name: 'Session', cell: ({ session }) => <IdLink id={session.id} isShort /> },
        { name: 'State', cell: ({ session, isTest }) => <SessionState session={{ ...session, isTest }} /> },
        { name: 'Person', cell: ({ userId }) => <IdLink id={userId} isShort /> },
        { name: 'Opened', cell: ({ session }) => <Moment at={session.createdAt} /> },
        { name: 'Used', isNumber: true, cell: ({ session }) => formatTime(session.usedMs) },
        {
          name: 'Charged',
          isNumber: true,
          cell: ({ session, isTest }) =>
            isTest ? 'test' : session.tokensCharged === null ? '–' : formatNumber(session.tokensCharged),
        },
      ]}
    />
  )
}

export function PurchaseState({ status }: { status: FoundPurchase['purchase']['status'] }) {
  const looks = {
    pending: 'waiting',
    paid: 'good',
    failed: 'over',
    refunded: 'over',
    disputed: 'bad',
  } as const
  return <State look={looks[status]}>{status}</State>
}

export function Purchases({ filter, title }: { filter: Filter; title: string }) {
  return (
    <List<FoundPurchase>
      path="purchases"
      filter={filter}
      title={title}
      keyOf={({ purchase }) => purchase.id}
      columns={[
        { name: 'Purchase', cell: ({ purchase }) => <IdLink id={purchase.id} isShort /> },
        { name: 'State', cell: ({ purchase }) => <PurchaseState status={purchase.status} /> },
        { name: 'Begun', cell: ({ purchase }) => <Moment at={purchase.createdAt} /> },
        { name: 'Tokens', isNumber: true, cell: ({ purchase }) => formatNumber(purchase.tokens) },
        {
          name: 'Amount',
          isNumber: true,
          cell: ({ purchase }) => formatMoney(purchase.amountCents, purchase.currency),
        },
        {
          name: 'Given back',
          isNumber: true,
          cell: ({ purchase, refundedCents }) => formatMoney(refundedCents, purchase.currency),
        },
      ]}
    />
  )
}

export function Transfers({ filter, title }: { filter: Filter; title: string }) {
  return (
    <List<FoundTransfer>
      path="transfers"
      filter={filter}
      title={title}
      keyOf={({ id }) => id}
      columns={[
        { name: 'Line', cell: ({ id }) => <IdLink id={id} isShort /> },
        { name: 'Kind', cell: ({ kind }) => kind },
        { name: 'From', cell: ({ debitAccountId }) => <IdLink id={debitAccountId} isShort /> },
        { name: 'To', cell: ({ creditAccountId }) => <IdLink id={creditAccountId} isShort /> },
        { name: 'Booked', cell: ({ createdAt }) => <Moment at={createdAt} /> },
        { name: 'Tokens', isNumber: true, cell: ({ amount }) => formatNumber(amount) },
      ]}
    />
  )
}

/** One line of the ledger, with all it names. */
export function Account({ line }: { line: FoundTransfer }) {
  const named = [
    ['From', line.debitAccountId],
    ['To', line.creditAccountId],
    ['Session', line.sessionId],
    ['Purchase', line.purchaseId],
    ['Takes back', line.reversesId],
  ] as const
  return (
    <section className="sheet" aria-label="Line of the ledger">
      <dl className="facts">
        <dt>Kind</dt>
        <dd>
          {line.kind}, {formatNumber(line.amount)} tokens
        </dd>
        <dt>Booked</dt>
        <dd>{formatMoment(line.createdAt)}</dd>
        <dt>Says</dt>
        <dd>{line.description}</dd>
        {named.map(
          ([name, id]) =>
            id && (
              <div className="contents" key={name}>
                <dt>{name}</dt>
                <dd>
                  <IdLink id={id} />
                </dd>
              </div>
            ),
        )}
      </dl>
    </section>
  )
}

function List<Row>({
  path,
  filter,
  title,
  columns,
  keyOf,
}: {
  path: string
  filter: Filter
  title: string
  columns: readonly Column<Row>[]
  keyOf: (row: Row) => string
}) {
  const pages = usePages<Row>(`/operators/${path}?${new URLSearchParams({ ...filter, limit: '10' })}`)
  const id = useId()
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <Loaded answer={pages} what={title.toLowerCase()}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty title="None" />
          ) : (
            <Table label={title} rows={rows} columns={columns} keyOf={keyOf} />
          )
        }
      </Loaded>
      <MoreButton pages={pages} />
    </section>
  )
}
