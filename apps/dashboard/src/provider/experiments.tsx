import { useAnswer } from '../api/use-answer.ts'
import type { Experiments as Answer } from '../api/wire.ts'
import { formatNumber, formatShare } from '../format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Table } from '../parts/table.tsx'
import { SaveCsv } from './save-csv.tsx'

/** What sessions were shown, against how they ended. */
export function Experiments({ providerId, query }: { providerId: string; query: URLSearchParams }) {
  const path = `/providers/${providerId}/analytics/experiments?${query}`
  const answer = useAnswer<Answer>(path)
  return (
    <section aria-labelledby="experiments">
      <div className="section-head">
        <h2 id="experiments">Experiments</h2>
        <SaveCsv path={path} fileName={`${providerId}-experiments`} what="experiments" />
      </div>
      <Loaded answer={answer} what="experiments">
        {({ variants, isCut }) =>
          variants.length === 0 ? (
            <Empty title="No experiment in this range">
              <p>
                What your page shows with <code>experiment(session, 'toolbar', ['top', 'side'])</code> is
                compared here.
              </p>
            </Empty>
          ) : (
            <>
              <p className="quiet">
                Sessions opened in this range, by the first variant they were shown. The truth lies between
                the two shares in 95 of 100 cases (Wilson), if sessions end independently of each other;
                people who come often make it a little less sure. Where the spans of two variants overlap
                widely, they may not differ.
              </p>
              {isCut && <p>There are more variants than fit here: these were shown most.</p>}
              <Table
                label="Experiments"
                rows={variants}
                keyOf={({ experiment, variant }) => `${experiment} ${variant}`}
                columns={[
                  {
                    name: 'Experiment',
                    cell: ({ experiment }) => <span className="breaks">{experiment}</span>,
                  },
                  { name: 'Variant', cell: ({ variant }) => <span className="breaks">{variant}</span> },
                  { name: 'Sessions', isNumber: true, cell: ({ exposed }) => formatNumber(exposed) },
                  { name: 'Ended', isNumber: true, cell: ({ ended }) => formatNumber(ended) },
                  { name: 'Completed', isNumber: true, cell: ({ completed }) => formatNumber(completed) },
                  {
                    name: 'Share',
                    isNumber: true,
                    cell: ({ completed, ended, completedShareLow: low, completedShareHigh: high }) => (
                      <>
                        <b>{formatShare(completed, ended)}</b>{' '}
                        {low !== null && high !== null && (
                          <span className="quiet">
                            {formatShare(low, 1)} to {formatShare(high, 1)}
                          </span>
                        )}
                      </>
                    ),
                  },
                  {
                    name: 'Minutes',
                    isNumber: true,
                    cell: ({ minutes }) => formatNumber(Math.round(minutes)),
                  },
                  { name: 'Charged', isNumber: true, cell: ({ gross }) => formatNumber(gross) },
                ]}
              />
            </>
          )
        }
      </Loaded>
    </section>
  )
}
