import { call } from '../api/call.ts'
import { Problem, send } from '../api/http.ts'
import type { PlatformHealth } from '../api/operator-wire.ts'
import { useRead, useRepeated } from '../api/use-answer.ts'
import { formatMinutes, formatMoment, formatNumber, formatShare } from '../format.ts'
import { Figures } from '../parts/figures.tsx'
import { Loading } from '../parts/loaded.tsx'
import { Notice, ProblemNotice } from '../parts/notice.tsx'
import { State } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { PageTitle } from '../router.tsx'
import { healthOfRoutes, readMetrics, type Sample, sumOf } from './read-metrics.ts'
import { Unusual } from './unusual.tsx'

const EVERY_MS = 10_000
const ROUTES_SHOWN = 15
const MEGABYTE = 1024 * 1024

interface Shown {
  notReadyBecause: string | undefined
  platform: PlatformHealth
  /** Undefined where the figures are kept from the network that pages come from. */
  metrics: Map<string, Sample[]> | undefined
}

/** How the platform stands, and the instance that answers. */
export function Health() {
  const health = useRead<Shown>('health', async (_key, signal) => {
    const [notReadyBecause, platform, metrics] = await Promise.all([
      askReadiness(),
      call<PlatformHealth>('GET', '/operators/health', undefined, { signal }),
      askMetrics(),
    ])
    return { notReadyBecause, platform, metrics }
  })
  useRepeated(health, EVERY_MS)
  const { value: shown, error } = health
  return (
    <>
      <div className="page-head">
        <div>
          <PageTitle>Health</PageTitle>
          <p className="lead">Asked again every ten seconds.</p>
        </div>
        {shown && <Verdict shown={shown} />}
      </div>
      {error !== undefined && <ProblemNotice error={error} />}
      {!shown && error === undefined && <Loading what="figures" />}
      {shown?.notReadyBecause !== undefined && (
        <Notice title="This instance gets no traffic">
          <p>{shown.notReadyBecause}</p>
        </Notice>
      )}
      {shown && shown.platform.concerns.length > 0 && (
        <Notice title="Somebody should look at this">
          <ul>
            {shown.platform.concerns.map((concern) => (
              <li key={concern}>{concern}</li>
            ))}
          </ul>
        </Notice>
      )}
      {shown && <Platform platform={shown.platform} />}
      {shown && <Unusual />}
      {shown?.metrics && <Report metrics={shown.metrics} />}
    </>
  )
}

function Verdict({ shown }: { shown: Shown }) {
  if (shown.notReadyBecause !== undefined) return <State look="bad">Not ready</State>
  return shown.platform.status === 'ok' ? (
    <State look="good">All is well</State>
  ) : (
    <State look="waiting">Needs a look</State>
  )
}

async function askReadiness(): Promise<string | undefined> {
  try {
    await send('/readyz')
    return undefined
  } catch (error) {
    if (error instanceof Problem && error.status === 503) return error.detail
    throw error
  }
}

async function askMetrics(): Promise<Map<string, Sample[]> | undefined> {
  try {
    const response = await send('/metrics')
    return readMetrics(await response.text())
  } catch (error) {
    if (error instanceof Problem) return undefined
    throw error
  }
}

function Platform({ platform }: { platform: PlatformHealth }) {
  const { sessions, ledger, jobs, webhooks, stripe, debts } = platform
  return (
    <section aria-labelledby="platform">
      <h2 id="platform">The platform</h2>
      <Figures
        figures={[
          {
            name: 'Sessions running',
            value: formatNumber(sessions.active),
            note: `${formatNumber(sessions.paused)} paused, ${formatNumber(sessions.pending)} not opened yet`,
          },
          { name: 'Tokens held', value: formatNumber(platform.tokensHeld) },
          {
            name: 'The books',
            value:
              ledger.findings === null
                ? 'not checked'
                : ledger.findings === 0
                  ? 'clean'
                  : `${formatNumber(ledger.findings)} ${ledger.findings === 1 ? 'finding' : 'findings'}`,
            ...(ledger.checkedAt && { note: `checked ${formatMoment(ledger.checkedAt)}` }),
          },
          {
            name: 'Settlement is late by',
            value: formatSeconds(platform.settlementLagSeconds),
          },
          {
            name: 'Jobs due',
            value: formatNumber(jobs.due),
            note: `${formatNumber(jobs.failed)} failed, late by ${formatSeconds(jobs.lagSeconds)}`,
          },
          {
            name: 'Webhooks to send',
            value: formatNumber(webhooks.backlog),
            note: `late by ${formatSeconds(webhooks.lagSeconds)}`,
          },
          {
            name: 'Stripe events refused',
            value: formatNumber(stripe.refused),
            note: `in 24 hours; ${formatNumber(stripe.unmatched)} wait for their payment`,
          },
          {
            name: 'Tokens owed',
            value: formatNumber(debts.tokens),
            note: `by ${formatNumber(debts.wallets)} people`,
          },
        ]}
      />
    </section>
  )
}

function Report({ metrics }: { metrics: Map<string, Sample[]> }) {
  const routes = healthOfRoutes(metrics)
  const calls = routes.reduce((sum, route) => sum + route.calls, 0)
  const failures = routes.reduce((sum, route) => sum + route.failures, 0)
  const connections = metrics.get('token_marketplace_db_connections')
  const startedAt = sumOf(metrics.get('process_start_time_seconds'))
  return (
    <>
      <section aria-labelledby="instance">
        <h2 id="instance">This instance</h2>
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
            {
              name: 'Running for',
              value: startedAt ? formatMinutes((Date.now() / 1000 - startedAt) / 60) : '–',
            },
          ]}
        />
      </section>
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
    </>
  )
}

const formatSeconds = (seconds: number) =>
  seconds < 120 ? `${formatNumber(Math.round(seconds))} s` : formatMinutes(seconds / 60)
const formatMs = (seconds: number) => `${formatNumber(Math.round(seconds * 10_000) / 10)} ms`
