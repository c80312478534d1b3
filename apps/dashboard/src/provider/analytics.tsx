import { useAnswer } from '../api/use-answer.ts'
import type { Analytics as Answer, Funnel as FunnelAnswer, Interval } from '../api/wire.ts'
import { formatMinutes, formatNumber, formatShare, formatTokens } from '../format.ts'
import { BarChart } from '../parts/chart.tsx'
import { Select } from '../parts/field.tsx'
import { Figures } from '../parts/figures.tsx'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Table } from '../parts/table.tsx'
import { changeQuery, PageTitle, useAddress } from '../router.tsx'
import { Experiments } from './experiments.tsx'
import {
  analyticsPath,
  describeStart,
  funnelPath,
  isPlace,
  ownTimeZone,
  type Row,
  rangeQuery,
} from './figures-wire.ts'
import { Funnel, FunnelEnds } from './funnel.tsx'
import type { ProviderPage } from './provider-page.ts'
import { Retention } from './retention.tsx'
import { SaveCsv } from './save-csv.tsx'

const ranges = [
  { value: '1', label: 'Last 24 hours' },
  { value: '7', label: 'Last 7 days' },
  { value: '30', label: 'Last 30 days' },
  { value: '90', label: 'Last 90 days' },
  { value: '365', label: 'Last 12 months' },
] as const

const intervals = [
  { value: 'hour', label: 'By hour' },
  { value: 'day', label: 'By day' },
  { value: 'month', label: 'By month' },
] as const

const measures: readonly { value: keyof Row; label: string; format: (value: number) => string }[] = [
  { value: 'net', label: 'Earnings', format: formatTokens },
  { value: 'gross', label: 'Charged to users', format: formatTokens },
  { value: 'opened', label: 'Sessions opened', format: formatNumber },
  { value: 'completed', label: 'Sessions completed', format: formatNumber },
  { value: 'minutes', label: 'Minutes used', format: formatMinutes },
  { value: 'users', label: 'Users', format: formatNumber },
  { value: 'returningUsers', label: 'Returning users', format: formatNumber },
]

/** More bars than these are a texture. */
const HOURS_DAYS_MAX = 7

export const Analytics: ProviderPage = ({ provider }) => {
  const { query } = useAddress()
  const measure = measures.find(({ value }) => value === query.get('measure')) ?? measures[0]!
  const own = ownTimeZone()
  const range = ranges.find(({ value }) => value === query.get('days'))?.value ?? '30'
  const days = Number(range)
  const asked = intervals.find(({ value }) => value === query.get('interval'))?.value ?? 'day'
  const interval: Interval = asked === 'hour' && days > HOURS_DAYS_MAX ? 'day' : asked
  const timeZone = zones(own).includes(query.get('timeZone') ?? '') ? query.get('timeZone')! : own
  const path = analyticsPath(provider.id, { days, interval, timeZone })
  const analytics = useAnswer<Answer>(path)
  const funnelAt = funnelPath(provider.id, { days, interval, timeZone })
  const funnel = useAnswer<FunnelAnswer>(funnelAt)
  return (
    <>
      <div className="page-head">
        <PageTitle>Analytics</PageTitle>
        <SaveCsv path={path} fileName={`${provider.id}-${range}-days`} what="all figures" />
      </div>
      <div className="filters">
        <Select
          label="Range"
          value={range}
          choices={ranges}
          onChange={(value) => changeQuery({ days: value })}
        />
        <Select
          label="Interval"
          value={interval}
          choices={intervals.filter(({ value }) => value !== 'hour' || days <= HOURS_DAYS_MAX)}
          onChange={(value) => changeQuery({ interval: value })}
        />
        <Select
          label="Time zone"
          value={timeZone}
          choices={zones(own).map((zone) => ({ value: zone, label: zone.replaceAll('_', ' ') }))}
          onChange={(value) => changeQuery({ timeZone: value === own ? null : value })}
        />
      </div>
      <Loaded answer={analytics} what="your figures">
        {({ rows, totals }) => (
          <>
            <Figures
              figures={[
                { name: 'Earnings', value: formatNumber(totals.net), note: 'tokens, after the fee' },
                {
                  name: 'Charged to users',
                  value: formatNumber(totals.gross),
                  note: `fee ${formatNumber(totals.fee)}`,
                },
                { name: 'Sessions', value: formatNumber(totals.opened) },
                {
                  name: 'Completed',
                  value: formatShare(totals.completed, totals.opened),
                  note: formatNumber(totals.completed),
                },
                {
                  name: 'Users',
                  value: formatNumber(totals.users),
                  note: `${formatNumber(totals.returningUsers)} had come before`,
                },
                { name: 'Time used', value: formatMinutes(totals.minutes) },
              ]}
            />
            {rows.length === 0 ? (
              <Empty title="Nothing in this range" />
            ) : (
              <section className="sheet" aria-labelledby="over-time">
                <div className="section-head">
                  <h2 id="over-time">{measure.label}</h2>
                  <Select
                    label="What the chart shows"
                    isLabelHidden
                    value={measure.value}
                    choices={measures}
                    onChange={(value) => changeQuery({ measure: value === 'net' ? null : value })}
                  />
                </div>
                <BarChart
                  label={measure.label}
                  format={measure.format}
                  total={totals[measure.value]}
                  bars={rows.map((row) => ({
                    key: row.start,
                    value: row[measure.value],
                    ...describeStart(row.start, interval, timeZone),
                  }))}
                />
              </section>
            )}
          </>
        )}
      </Loaded>
      <section className="sheet" aria-labelledby="funnel">
        <div className="section-head">
          <h2 id="funnel">From seeing to completing</h2>
          <SaveCsv path={funnelAt} fileName={`${provider.id}-funnel-${range}-days`} what="the funnel" />
        </div>
        <Loaded answer={funnel} what="the funnel">
          {(answer) => (
            <>
              <Funnel funnel={answer} />
              {answer.opened > 0 && <FunnelEnds funnel={answer} />}
            </>
          )}
        </Loaded>
      </section>
      <Retention providerId={provider.id} timeZone={timeZone} />
      <Experiments providerId={provider.id} query={rangeQuery({ days, timeZone })} />
      {analytics.value && analytics.value.rows.length > 0 && (
        <section aria-labelledby="rows">
          <h2 id="rows">All figures</h2>
          <RowTable rows={analytics.value.rows} interval={interval} timeZone={timeZone} />
        </section>
      )}
    </>
  )
}

function RowTable({
  rows,
  interval,
  timeZone,
}: {
  rows: Answer['rows']
  interval: Interval
  timeZone: string
}) {
  const number = (name: string, of: (row: Row) => number) => ({
    name,
    isNumber: true,
    cell: (row: Row) => formatNumber(Math.round(of(row))),
  })
  // The newest is what one looks for. A month of nothing is long on a phone.
  const shown = rows.filter(hasFigures).toReversed()
  if (shown.length === 0) return <p className="quiet">Nothing happened in this time.</p>
  return (
    <>
      {shown.length < rows.length && (
        <p className="quiet">Times in which nothing happened are left out; the file has them all.</p>
      )}
      <Table
        label="All figures"
        rows={shown}
        keyOf={({ start }) => start}
        columns={[
          { name: 'From', cell: ({ start }) => describeStart(start, interval, timeZone).name },
          number('Opened', ({ opened }) => opened),
          number('Validated', ({ validated }) => validated),
          number('Completed', ({ completed }) => completed),
          number('Minutes', ({ minutes }) => minutes),
          number('Users', ({ users }) => users),
          number('Returning', ({ returningUsers }) => returningUsers),
          number('Gross', ({ gross }) => gross),
          number('Fee', ({ fee }) => fee),
          number('Net', ({ net }) => net),
          number('Refunded', ({ refunded }) => refunded),
        ]}
      />
    </>
  )
}

const hasFigures = (row: Row) => Object.values(row).some((value) => typeof value === 'number' && value !== 0)

let known: string[] | undefined
function zones(own: string): string[] {
  known ??= [...new Set([own, 'UTC', ...Intl.supportedValuesOf('timeZone').filter(isPlace)])]
  return known
}
