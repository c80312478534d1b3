import { formatNumber, formatShare } from '../format.ts'
import type { Row } from './figures-wire.ts'

/** How many of the sessions that were opened came how far. */
export function Funnel({ totals }: { totals: Row }) {
  const stages = [
    { name: 'Opened in the marketplace', count: totals.opened },
    { name: 'Validated by your app', count: totals.validated },
    { name: 'Completed', count: totals.completed },
  ]
  return (
    <ol className="funnel">
      {stages.map(({ name, count }) => (
        <li key={name}>
          <p className="funnel-line">
            <span>{name}</span>
            <span>
              <b>{formatNumber(count)}</b> <span className="quiet">{formatShare(count, totals.opened)}</span>
            </span>
          </p>
          <div className="funnel-bar" aria-hidden="true">
            {count > 0 && <span style={{ inlineSize: `${(100 * count) / totals.opened}%` }} />}
          </div>
        </li>
      ))}
    </ol>
  )
}
