import type { UnusualProviders } from '../api/operator-wire.ts'
import { useAnswer } from '../api/use-answer.ts'
import { formatMoment, formatNumber, formatShare } from '../format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Table } from '../parts/table.tsx'
import { Link } from '../router.tsx'

/** Apps whose sessions complete at once much more often than everybody else's. Asked once: reading it is on record. */
export function Unusual() {
  const answer = useAnswer<UnusualProviders>('/operators/providers/unusual')
  return (
    <section aria-labelledby="unusual">
      <h2 id="unusual">Completed at once, unusually often</h2>
      <p className="quiet">
        Apps where 20 % or more of at least 50 sessions of the last 30 days completed within 10 seconds of
        use, and more than three times the share of all other apps. It may be how the app works: look before
        you act.
      </p>
      <Loaded answer={answer} what="unusual apps">
        {({ lookedAt, items }) => (
          <>
            {items.length === 0 ? (
              <Empty title={lookedAt === null ? 'Nobody has looked yet' : 'No app stands out'} />
            ) : (
              <Table
                label="Completed at once, unusually often"
                rows={items}
                keyOf={({ id }) => id}
                columns={[
                  {
                    name: 'App',
                    cell: ({ id, name }) => (
                      <Link className="breaks" to={`/operator/search?q=${id}`}>
                        {name}
                      </Link>
                    ),
                  },
                  { name: 'Sessions', isNumber: true, cell: ({ ended }) => formatNumber(ended) },
                  {
                    name: 'Completed at once',
                    isNumber: true,
                    cell: ({ instantlyCompleted, ended }) =>
                      `${formatNumber(instantlyCompleted)} (${formatShare(instantlyCompleted, ended)})`,
                  },
                  { name: 'Elsewhere', isNumber: true, cell: ({ usualShare }) => formatShare(usualShare, 1) },
                ]}
              />
            )}
            {lookedAt !== null && <p className="quiet">Looked at {formatMoment(lookedAt)}, every hour.</p>}
          </>
        )}
      </Loaded>
    </section>
  )
}
