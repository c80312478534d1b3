import { useState } from 'react'
import { sendAsUser } from '../api/call.ts'
import { useAnswer } from '../api/use-answer.ts'
import { useSubmit } from '../api/use-submit.ts'
import type { Analytics as Answer, Interval } from '../api/wire.ts'
import { formatMinutes, formatNumber, formatShare, formatTokens } from '../format.ts'
import { Button } from '../parts/button.tsx'
import { BarChart } from '../parts/chart.tsx'
import { Select } from '../parts/field.tsx'
import { Figures } from '../parts/figures.tsx'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { ProblemNotice } from '../parts/notice.tsx'
import { saveFile } from '../parts/save-file.ts'
import { Table } from '../parts/table.tsx'
import { changeQuery, PageTitle, useAddress } from '../router.tsx'
import { analyticsPath, describeStart, ownTimeZone, type Row } from './figures-wire.ts'
import { Funnel } from './funnel.tsx'
import type { ProviderPage } from './provider-page.ts'

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
]

/** More bars than these are a texture. */
const HOURS_DAYS_MAX = 7

export const Analytics: ProviderPage = ({ provider }) => {
  const { query } = useAddress()
  const [measure, setMeasure] = useState(measures[0]!)
  const own = ownTimeZone()
  const range = ranges.find(({ value }) => value === query.get('days'))?.value ?? '30'
  const days = Number(range)
  const asked = intervals.find(({ value }) => value === query.get('interval'))?.value ?? 'day'
  const interval: Interval = asked === 'hour' && days > HOURS_DAYS_MAX ? 'day' : asked
  const timeZone = zones(own).includes(query.get('timeZone') ?? '') ? query.get('timeZone')! : own
  const path = analyticsPath(provider.id, { days, interval, timeZone })
  const analytics = useAnswer<Answer>(path)
  const save = useSubmit(async () => {
    const response = await sendAsUser(path, { accept: 'text/csv' })
    saveFile(await response.blob(), `${provider.id}-${range}-days.csv`)
  })
  return (
    <>
      <div className="page-head">
        <PageTitle>Analytics</PageTitle>
        <Button kind="quiet" isBusy={save.isBusy} onPress={() => save.run()}>
          Save as CSV
        </Button>
      </div>
      {save.error !== undefined && <ProblemNotice error={save.error} />}
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
                { name: 'Users', value: formatNumber(totals.users) },
                { name: 'Time used', value: formatMinutes(totals.minutes) },
              ]}
            />
            {rows.length === 0 ? (
              <Empty title="Nothing in this range" />
            ) : (
              <>
                <section className="sheet" aria-labelledby="over-time">
                  <div className="section-head">
                    <h2 id="over-time">{measure.label}</h2>
                    <Select
                      label="What the chart shows"
                      isLabelHidden
                      value={measure.value}
                      choices={measures}
                      onChange={(value) => setMeasure(measures.find((each) => each.value === value)!)}
                    />
                  </div>
                  <BarChart
                    label={measure.label}
                    format={measure.format}
                    bars={rows.map((row) => ({
                      key: row.start,
                      value: row[measure.value],
                      ...describeStart(row.start, interval, timeZone),
                    }))}
                  />
                </section>
                <section className="sheet" aria-labelledby="funnel">
                  <h2 id="funnel">From opening to completion</h2>
                  <Funnel totals={totals} />
                </section>
                <section aria-labelledby="rows">
                  <h2 id="rows">All figures</h2>
                  <RowTable rows={rows} interval={interval} timeZone={timeZone} />
                </section>
              </>
            )}
          </>
        )}
      </Loaded>
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
  return (
    <Table
      label="All figures"
      // The newest is what one looks for.
      rows={rows.toReversed()}
      keyOf={({ start }) => start}
      columns={[
        { name: 'From', cell: ({ start }) => describeStart(start, interval, timeZone).name },
        number('Opened', ({ opened }) => opened),
        number('Validated', ({ validated }) => validated),
        number('Completed', ({ completed }) => completed),
        number('Minutes', ({ minutes }) => minutes),
        number('Users', ({ users }) => users),
        number('Gross', ({ gross }) => gross),
        number('Fee', ({ fee }) => fee),
        number('Net', ({ net }) => net),
      ]}
    />
  )
}

let known: string[] | undefined
function zones(own: string): string[] {
  known ??= [...new Set([own, 'UTC', ...Intl.supportedValuesOf('timeZone')])]
  return known
}
