import type { CSSProperties } from 'react'
import { useAnswer } from '../api/use-answer.ts'
import type { Retention as Answer } from '../api/wire.ts'
import { formatMoment, formatNumber, formatShare } from '../format.ts'
import { Select } from '../parts/field.tsx'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { TableFrame } from '../parts/table.tsx'
import { changeQuery, useAddress } from '../router.tsx'
import { SaveCsv } from './save-csv.tsx'

const intervals = [
  { value: 'week', label: 'By week' },
  { value: 'month', label: 'By month' },
] as const
const PERIODS = { week: 12, month: 12 }

/** Who came back, by when they came first. */
export function Retention({ providerId, timeZone }: { providerId: string; timeZone: string }) {
  const { query: address } = useAddress()
  const interval: Answer['interval'] = address.get('cohorts') === 'month' ? 'month' : 'week'
  const query = new URLSearchParams({ interval, periods: String(PERIODS[interval]), timeZone })
  const path = `/providers/${providerId}/analytics/retention?${query}`
  const answer = useAnswer<Answer>(path)
  return (
    <section className="sheet" aria-labelledby="retention">
      <div className="section-head">
        <h2 id="retention">Who comes back</h2>
        <div className="actions">
          <Select
            label="Cohorts"
            isLabelHidden
            value={interval}
            choices={intervals}
            onChange={(value) => changeQuery({ cohorts: value === 'week' ? null : value })}
          />
          <SaveCsv path={path} fileName={`${providerId}-retention-by-${interval}`} what="who comes back" />
        </div>
      </div>
      <p className="quiet">
        Of the people whose first session began in a {interval}, how many began one in each later {interval}.
        The last one of each row is not over yet.
      </p>
      <Loaded answer={answer} what="who came back">
        {(retention) =>
          retention.cohorts.every(({ users }) => users === 0) ? (
            <Empty title="Nobody is counted yet">
              <p>People are counted within half an hour of their coming.</p>
            </Empty>
          ) : (
            <>
              <Cohorts retention={retention} />
              {retention.until && <p className="quiet">Counted up to {formatMoment(retention.until)}.</p>}
            </>
          )
        }
      </Loaded>
    </section>
  )
}

/** For the style sheet, which makes a ground of it. */
const shadeOf = (share: number | null) => ({ '--share': share ?? 0 }) as CSSProperties

function Cohorts({ retention: { cohorts, interval } }: { retention: Answer }) {
  // Rows before the first person say nothing.
  const shown = cohorts.slice(cohorts.findIndex(({ users }) => users > 0))
  const name = (start: string) =>
    new Intl.DateTimeFormat('en', {
      // A day and no instant.
      timeZone: 'UTC',
      ...(interval === 'month' ? { month: 'short', year: 'numeric' } : { day: 'numeric', month: 'short' }),
    }).format(new Date(start))
  return (
    <TableFrame label="Who comes back">
      <table className="retention">
        <caption className="visually-hidden">
          People by the {interval} in which they came first, and the share of them that came in each{' '}
          {interval} after it
        </caption>
        <thead>
          <tr>
            <th scope="col">First came</th>
            <th scope="col" className="number">
              People
            </th>
            {shown[0]?.periods.map(({ start }, index) => (
              <th key={start} scope="col" className="number">
                <span className="visually-hidden">After {interval} </span>
                {index}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((cohort) => (
            <tr key={cohort.start}>
              <th scope="row" className="nowrap">
                {name(cohort.start)}
              </th>
              <td className="number">{formatNumber(cohort.users)}</td>
              {cohort.periods.map(({ start, users, share }) => (
                <td
                  key={start}
                  className="number"
                  title={`${formatNumber(users)} of ${formatNumber(cohort.users)}`}
                  style={shadeOf(share)}
                >
                  {formatShare(users, cohort.users)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  )
}
