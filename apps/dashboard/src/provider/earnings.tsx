import { useAnswer, usePages } from '../api/use-answer.ts'
import type { Earnings as Balance, Payout, Statement } from '../api/wire.ts'
import { formatMinutes, formatMoney, formatNumber, formatTokens } from '../format.ts'
import { Select } from '../parts/field.tsx'
import { Figures } from '../parts/figures.tsx'
import { Empty, Loaded, MoreButton } from '../parts/loaded.tsx'
import { Moment } from '../parts/moment.tsx'
import { PayoutState } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { changeQuery, PageTitle, useAddress } from '../router.tsx'
import { ownTimeZone } from './figures-wire.ts'
import type { ProviderPage } from './provider-page.ts'

const MONTHS_SHOWN = 24

export const Earnings: ProviderPage = ({ provider }) => {
  const balance = useAnswer<Balance>(`/providers/${provider.id}/earnings`)
  const payouts = usePages<Payout>(`/providers/${provider.id}/payouts`)
  return (
    <>
      <PageTitle>Earnings</PageTitle>
      <Loaded answer={balance} what="your earnings">
        {(earnings) => (
          <>
            <Figures
              figures={[
                { name: 'Can be paid out now', value: formatNumber(earnings.payable), note: 'tokens' },
                {
                  name: 'Pending',
                  value: formatNumber(earnings.pending),
                  note: `for ${earnings.payableAfterDays} days`,
                },
                { name: 'Held back', value: formatNumber(earnings.disputed), note: 'a payment is disputed' },
                { name: 'Being paid out', value: formatNumber(earnings.setAside) },
                { name: 'Paid out so far', value: formatNumber(earnings.paidOut) },
              ]}
            />
            <p className="quiet">
              Earnings can be paid out {earnings.payableAfterDays} days after their session. In all{' '}
              {formatTokens(earnings.balance)} are yours and not paid out yet.
            </p>
          </>
        )}
      </Loaded>
      <MonthlyStatement providerId={provider.id} />
      <section aria-labelledby="payouts">
        <h2 id="payouts">Payouts</h2>
        <Loaded answer={payouts} what="payouts">
          {(items) =>
            items.length === 0 ? (
              <Empty title="No payout yet">
                <p>
                  An operator sets amounts aside and transfers them; you see each one here with its reference.
                </p>
              </Empty>
            ) : (
              <Table
                label="Payouts"
                rows={items}
                keyOf={({ id }) => id}
                columns={[
                  { name: 'Made', cell: ({ createdAt }) => <Moment at={createdAt} /> },
                  { name: 'State', cell: ({ status }) => <PayoutState status={status} /> },
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
                ]}
              />
            )
          }
        </Loaded>
        <MoreButton pages={payouts} />
      </section>
    </>
  )
}

function MonthlyStatement({ providerId }: { providerId: string }) {
  const { query } = useAddress()
  const timeZone = ownTimeZone()
  const months = lastMonths(new Date())
  const month = months.find(({ value }) => value === query.get('month')) ?? months[0]!
  const range = new URLSearchParams({ from: month.value, to: lastDayOf(month.value), timeZone })
  const statement = useAnswer<Statement>(`/providers/${providerId}/earnings/statement?${range}`)
  return (
    <section className="sheet" aria-labelledby="statement">
      <div className="section-head">
        <h2 id="statement">Statement</h2>
        <Select
          label="Month"
          isLabelHidden
          value={month.value}
          choices={months}
          onChange={(value) => changeQuery({ month: value })}
        />
      </div>
      <Loaded answer={statement} what="the statement">
        {(shown) => (
          <dl className="ledger">
            <Line name="Balance before" value={shown.openingBalance} />
            <Line
              name={`${formatNumber(shown.sessions)} ${shown.sessions === 1 ? 'session' : 'sessions'}, ${formatMinutes(shown.minutes)}`}
              value={shown.gross}
            />
            <Line name="Fee" value={-shown.fee} />
            {shown.refunded !== 0 && <Line name="Booked back" value={-shown.refunded} />}
            <Line name="Paid out" value={-shown.paidOut} />
            <Line name="Balance after" value={shown.closingBalance} isSum />
          </dl>
        )}
      </Loaded>
    </section>
  )
}

function Line({ name, value, isSum = false }: { name: string; value: number; isSum?: boolean }) {
  return (
    <div className={isSum ? 'is-sum' : undefined}>
      <dt>{name}</dt>
      <dd>{formatNumber(value === 0 ? 0 : value)}</dd>
    </div>
  )
}

const monthName = new Intl.DateTimeFormat('en', { month: 'long', year: 'numeric' })

function lastMonths(now: Date): { value: string; label: string }[] {
  return Array.from({ length: MONTHS_SHOWN }, (_, back) => {
    const first = new Date(now.getFullYear(), now.getMonth() - back, 1)
    const value = `${first.getFullYear()}-${String(first.getMonth() + 1).padStart(2, '0')}-01`
    return { value, label: monthName.format(first) }
  })
}

/** @example lastDayOf('2026-02-01') // '2026-02-28' */
function lastDayOf(firstDay: string): string {
  const [year = 0, month = 0] = firstDay.split('-').map(Number)
  return new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10)
}
