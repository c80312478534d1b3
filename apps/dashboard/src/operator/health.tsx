import { useEffect, useState } from 'react'
import { Problem, send } from '../api/http.ts'
import { formatMinutes, formatMoment, formatNumber, formatShare } from '../format.ts'
import { Figures } from '../parts/figures.tsx'
import { Loading } from '../parts/loaded.tsx'
import { Notice, ProblemNotice } from '../parts/notice.tsx'
import { State } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { PageTitle } from '../router.tsx'
import { healthOfRoutes, readMetrics, type Sample, sumOf } from './read-metrics.ts'

const EVERY_MS = 10_000
const ROUTES_SHOWN = 15
const MEGABYTE = 1024 * 1024

interface Shown {
  isReady: boolean
  reason: string
  metrics: Map<string, Sample[]>
}

/** The instance that answers, at a glance. */
export function Health() {
  const [shown, setShown] = useState<Shown | undefined>()
  const [error, setError] = useState<unknown>()
  useEffect(() => {
    let isGone = false
    const look = async () => {
      try {
        const [readiness, text] = await Promise.all([askReadiness(), askMetrics()])
        if (isGone) return
        setShown({ ...readiness, metrics: readMetrics(text) })
        setError(undefined)
      } catch (failure) {
        if (!isGone) setError(failure)
      }
    }
    void look()
    const timer = setInterval(look, EVERY_MS)
    return () => {
      isGone = true
      clearInterval(timer)
    }
  }, [])
  return (
    <>
      <div className="page-head">
        <div>
          <PageTitle>Health</PageTitle>
          <p className="quiet">
            Of the instance that answers, since it started; asked again every ten seconds.
          </p>
        </div>
        {shown && (
          <State look={shown.isReady ? 'good' : 'bad'}>{shown.isReady ? 'Ready' : 'Not ready'}</State>
        )}
      </div>
      {error !== undefined && <ProblemNotice error={error} />}
      {!shown && error === undefined && <Loading what="figures" />}
      {shown && !shown.isReady && (
        <Notice title="It gets no traffic">
          <p>{shown.reason}</p>
        </Notice>
      )}
      {shown && <Report metrics={shown.metrics} />}
    </>
  )
}

async function askReadiness() {
  try {
    await send('/readyz')
    return { isReady: true, reason: '' }
  } catch (error) {
    if (error instanceof Problem && error.status === 503) return { isReady: false, reason: error.detail }
    throw error
  }
}

const askMetrics = async () => (await send('/metrics')).text()

function Report({ metrics }: { metrics: Map<string, Sample[]> }) {
  const routes = healthOfRoutes(metrics)
  const calls = routes.reduce((sum, route) => sum + route.calls, 0)
  const failures = routes.reduce((sum, route) => sum + route.failures, 0)
  const connections = metrics.get('token_marketplace_db_connections')
  const startedAt = sumOf(metrics.get('process_start_time_seconds'))
  const own = [...metrics].filter(
    ([name, [first]]) =>
      name.startsWith('token_marketplace_') &&
      name !== 'token_marketplace_db_connections' &&
      first &&
      !/_(bucket|sum|count)$/.test(name),
  )
  return (
    <>
      <Figures
        figures={[
          { name: 'Calls answered', value: formatNumber(calls) },
          {
            name: 'Failures',
            value: formatNumber(failures),
            note: `${formatShare(failures, calls)} answered 5xx`,
          },
          {
            name: 'Waiting for the database',
            value: formatNumber(sumOf(connections, ({ state }) => state === 'waiting')),
            note: `${formatNumber(sumOf(connections, ({ state }) => state === 'busy'))} connections busy`,
          },
          {
            name: 'Memory',
            value: `${formatNumber(Math.round(sumOf(metrics.get('process_resident_memory_bytes')) / MEGABYTE))} MB`,
          },
          {
            name: 'Event loop delay, p99',
            value: formatMs(sumOf(metrics.get('nodejs_eventloop_lag_p99_seconds'))),
          },
          { name: 'Running for', value: startedAt ? formatMinutes((Date.now() / 1000 - startedAt) / 60) : '–' },
        ]}
      />
      <section aria-labelledby="routes">
        <h2 id="routes">Busiest routes</h2>
        <Table
          label="Busiest routes"
          rows={routes.slice(0, ROUTES_SHOWN)}
          keyOf={({ route }) => route}
          columns={[
            { name: 'Route', cell: ({ route }) => <code>{route}</code> },
            { name: 'Calls', isNumber: true, cell: (route) => formatNumber(route.calls) },
            { name: 'Failures', isNumber: true, cell: (route) => formatNumber(route.failures) },
            {
              name: '95 of 100 within',
              isNumber: true,
              cell: ({ p95Seconds }) => (Number.isFinite(p95Seconds) ? formatMs(p95Seconds) : 'over 10 s'),
            },
          ]}
        />
      </section>
      {own.length > 0 && (
        <section aria-labelledby="own">
          <h2 id="own">Figures of the marketplace</h2>
          <Table
            label="Figures of the marketplace"
            rows={own}
            keyOf={([name]) => name}
            columns={[
              {
                name: 'Figure',
                cell: ([name]) => name.replace('token_marketplace_', '').replaceAll('_', ' '),
              },
              { name: 'Value', isNumber: true, cell: ([name, samples]) => showValue(name, sumOf(samples)) },
            ]}
          />
        </section>
      )}
    </>
  )
}

function showValue(name: string, value: number): string {
  if (Number.isNaN(value)) return 'none yet'
  return name.endsWith('_timestamp_seconds')
    ? formatMoment(new Date(value * 1000).toISOString())
    : formatNumber(value)
}

const formatMs = (seconds: number) => `${formatNumber(Math.round(seconds * 10_000) / 10)} ms`
