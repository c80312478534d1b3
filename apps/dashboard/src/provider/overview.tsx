import { useAccount } from '../account.tsx'
import { call } from '../api/call.ts'
import { useAnswer } from '../api/use-answer.ts'
import { useSubmit } from '../api/use-submit.ts'
import type { Analytics, Funnel as FunnelAnswer, OwnProvider, ProviderSession } from '../api/wire.ts'
import { formatMinutes, formatNumber, formatTokens } from '../format.ts'
import { Button } from '../parts/button.tsx'
import { BarChart } from '../parts/chart.tsx'
import { Figures } from '../parts/figures.tsx'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Notice, ProblemNotice } from '../parts/notice.tsx'
import { ProviderState } from '../parts/state.tsx'
import { Link, PageTitle } from '../router.tsx'
import { analyticsPath, describeStart, funnelPath, ownTimeZone } from './figures-wire.ts'
import { Funnel } from './funnel.tsx'
import type { ProviderPage } from './provider-page.ts'
import { SessionTable } from './session-table.tsx'

const DAYS = 30

export const Overview: ProviderPage = ({ provider }) => {
  const timeZone = ownTimeZone()
  const analytics = useAnswer<Analytics>(
    analyticsPath(provider.id, { days: DAYS, interval: 'day', timeZone }),
  )
  const funnel = useAnswer<FunnelAnswer>(funnelPath(provider.id, { days: DAYS, interval: 'day', timeZone }))
  const latest = useAnswer<{ items: ProviderSession[] }>(`/providers/${provider.id}/sessions?limit=5`)
  return (
    <>
      <div className="page-head">
        <div>
          <PageTitle>{provider.name}</PageTitle>
          <p>
            <ProviderState status={provider.status} />{' '}
            <span className="quiet">· {formatTokens(provider.tokensPerMinute)} a minute</span>
          </p>
        </div>
      </div>
      <NextStep provider={provider} />
      <section aria-label="Figures">
        <Loaded answer={analytics} what="your figures">
          {({ rows, totals }) => (
            <>
              <Figures
                figures={[
                  {
                    name: `Earned in ${DAYS} days`,
                    value: formatNumber(totals.net),
                    note: 'tokens, after the fee',
                  },
                  {
                    name: 'Sessions',
                    value: formatNumber(totals.opened),
                    note: `${formatNumber(totals.completed)} completed`,
                  },
                  { name: 'Users', value: formatNumber(totals.users) },
                  { name: 'Time used', value: formatMinutes(totals.minutes) },
                ]}
              />
              <div className="pair">
                <div className="sheet">
                  <h2>Earnings by day</h2>
                  <BarChart
                    label="Earnings by day"
                    format={formatTokens}
                    total={totals.net}
                    bars={rows.map(({ start, net }) => ({
                      key: start,
                      value: net,
                      ...describeStart(start, 'day', timeZone),
                    }))}
                  />
                </div>
                <div className="sheet">
                  <h2>From seeing to completing</h2>
                  <Loaded answer={funnel} what="the funnel">
                    {(answer) => <Funnel funnel={answer} />}
                  </Loaded>
                </div>
              </div>
            </>
          )}
        </Loaded>
      </section>
      <section aria-labelledby="latest">
        <div className="section-head">
          <h2 id="latest">Latest sessions</h2>
          <Link to={`/providers/${provider.id}/sessions`}>All sessions</Link>
        </div>
        <Loaded answer={latest} what="sessions">
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No session yet">
                <p>Start a free test session to see how it looks.</p>
                <Link className="button is-small" to={`/providers/${provider.id}/integrate`}>
                  Integrate and test
                </Link>
              </Empty>
            ) : (
              <SessionTable label="Latest sessions" sessions={items} />
            )
          }
        </Loaded>
      </section>
    </>
  )
}

/** What stands between the app and the catalogue. */
function NextStep({ provider }: { provider: OwnProvider }) {
  const { keepProvider } = useAccount()
  const ask = useSubmit(async (status: 'in_review' | 'draft') =>
    keepProvider(await call<OwnProvider>('PATCH', `/providers/${provider.id}`, { status })),
  )
  if (provider.status === 'draft') {
    return (
      <Notice title={provider.reviewNote ? 'It was sent back to you' : 'Only you can see this app'}>
        <p>
          {provider.reviewNote
            ? `The operator wrote: “${provider.reviewNote}”`
            : 'Try it with free test sessions, then ask for its listing.'}
        </p>
        {ask.error !== undefined && <ProblemNotice error={ask.error} />}
        <div className="actions">
          <Link className="button is-quiet is-small" to={`/providers/${provider.id}/integrate`}>
            Integrate and test
          </Link>
          <Button size="small" needs="developer" isBusy={ask.isBusy} onPress={() => ask.run('in_review')}>
            Ask for its listing
          </Button>
        </div>
      </Notice>
    )
  }
  if (provider.status === 'in_review') {
    return (
      <Notice title="An operator is looking at it">
        <p>You can go on testing. You can take it back to change it.</p>
        {ask.error !== undefined && <ProblemNotice error={ask.error} />}
        <div className="actions">
          <Button
            kind="quiet"
            size="small"
            needs="developer"
            isBusy={ask.isBusy}
            onPress={() => ask.run('draft')}
          >
            Take it back
          </Button>
        </div>
      </Notice>
    )
  }
  return null
}
