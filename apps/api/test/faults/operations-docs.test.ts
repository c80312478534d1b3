import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parser } from '@prometheus-io/lezer-promql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STRIPE_EVENT_TYPES } from '../../src/tokens/stripe-event.ts'
import { startTestApi, type TestApi } from '../harness.ts'
import { listLogCalls } from './log-calls.ts'

const root = join(import.meta.dirname, '../../../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

let api: TestApi
let exposed: string

beforeAll(async () => {
  api = await startTestApi()
  await api.call('GET', '/providers')
  exposed = (await api.call('GET', '/metrics')).text
})
afterAll(() => api.close())

test('docs/operations/logs.md lists every message of the code with its level, and no other', () => {
  const documented = [...read('docs/operations/logs.md').matchAll(/^\| `([^`]+)` \| (\w+) \|/gm)].map(
    ([, message, level]) => `${level}: ${message}`,
  )
  const written = new Set(listLogCalls().map(({ level, message }) => `${level}: ${message}`))
  expect(documented.sort()).toEqual([...written].sort())
})

test('running.md says of every table how long its rows are kept', () => {
  const tables = [...read('apps/api/schema.sql').matchAll(/^create table public\.(\w+)/gm)].map(
    ([, name]) => name!,
  )
  const section = /## What is kept\n([\s\S]+?)\n## /.exec(read('docs/operations/running.md'))?.[1] ?? ''
  const named = [...section.matchAll(/`(\w+)`/g)].map(([, name]) => name!)
  expect(tables.length).toBeGreaterThan(40)
  expect(named.sort()).toEqual(tables.sort())
})

test('docs/operations/running.md says which events of Stripe to subscribe to: all that are understood', () => {
  const [, list] = read('docs/operations/running.md').match(/with the events (.*?)\. Each is applied/s)!
  expect([...list!.matchAll(/`([^`]+)`/g)].map(([, type]) => type)).toEqual([...STRIPE_EVENT_TYPES])
})

/** Where the grammar of Prometheus does not go on. */
function findWrongPromQl(expression: string): string[] {
  const wrong: string[] = []
  parser.parse(expression).iterate({
    enter({ type, from }) {
      if (type.isError) wrong.push(expression.slice(from, from + 20))
    },
  })
  return wrong
}

describe('metrics', () => {
  const own = () => new Set([...exposed.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!))
  /** Names in an expression, without functions, labels and what stands in them. */
  const namesIn = (expression: string) => [
    ...new Set(
      [
        ...expression
          .replace(/\{[^}]*\}/g, '')
          .replace(/\b(by|without)\s*\([^)]*\)/g, '')
          .matchAll(/\b[a-z_]+_[a-z_0-9]+\b(?!\s*\()/g),
      ].map(([name]) => name.replace(/_(bucket|count|sum)$/, '')),
    ),
  ]

  test('every business figure is there, and can be read', () => {
    for (const name of [
      'live_sessions',
      'tokens_held',
      'settlement_lag_seconds',
      'job_lag_seconds',
      'ledger_last_clean_timestamp_seconds',
      'debt_tokens',
      'stripe_events_refused',
      'stripe_events_lost',
      'refunds_failed',
      'webhook_backlog',
    ]) {
      expect(own()).toContain(`token_marketplace_${name}`)
    }
    expect(exposed).toContain('token_marketplace_figures_readable 1')
    expect(exposed).toContain('token_marketplace_live_sessions{status="active"} 0')
  })

  const alerts = [...read('deploy/prometheus/alerts.yml').matchAll(/expr: \|\n((?: {10}.*\n)+)/g)].map(
    ([, expression]) => expression!,
  )
  const dashboard = JSON.parse(read('deploy/grafana/dashboard.json')) as {
    panels: { targets: { expr: string }[] }[]
  }
  const panels = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))

  // promtool is not everywhere; this grammar is, and it is the one Prometheus’ own pages read queries with.
  test('every alert and every panel is PromQL', () => {
    expect(findWrongPromQl('sum(rate(x[5m])) by (')).not.toEqual([])
    for (const expression of [...alerts, ...panels])
      expect([expression, findWrongPromQl(expression)]).toEqual([expression, []])
  })

  test('every alert and every panel asks for metrics that exist', () => {
    expect(alerts.length).toBeGreaterThan(10)
    expect(panels.length).toBeGreaterThan(15)
    for (const expression of [...alerts, ...panels])
      for (const name of namesIn(expression))
        expect([expression, [...own()]]).toEqual([expression, expect.arrayContaining([name])])
  })

  test('every metric of ours is watched by an alert or a panel', () => {
    const watched = new Set([...alerts, ...panels].flatMap(namesIn))
    const ours = [...own()].filter((name) => name.startsWith('token_marketplace_'))
    expect(ours.length).toBeGreaterThan(15)
    expect(ours.filter((name) => !watched.has(name))).toEqual([])
  })

  test('ask the database once in ten seconds, however often they are read', async () => {
    const { db } = api.deps
    const original = db.batch.query
    let asked = 0
    db.batch.query = (sql, values) => {
      asked += 1
      return original(sql, values) as never
    }
    try {
      for (let i = 0; i < 20; i += 1) await api.call('GET', '/metrics')
    } finally {
      db.batch.query = original
    }
    // The figures, and what time it has.
    expect(asked).toBeLessThanOrEqual(2)
  })
})

test('every alert has a runbook, and every runbook its alert', () => {
  const named = [...read('deploy/prometheus/alerts.yml').matchAll(/runbook: (\S+)/g)].map(([, path]) => path!)
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
  const files = readdirSync(join(root, 'docs/operations/runbooks')).map(
    (file) => `docs/operations/runbooks/${file}`,
  )
  expect([...named].sort()).toEqual(files.sort())
  for (const path of named) expect(read(path)).toMatch(/\*\*Harm\.\*\*[\s\S]+## Look[\s\S]+## Do/)
})

const hasPromtool = spawnSync('promtool', ['--version']).status === 0

test.skipIf(!hasPromtool)(
  hasPromtool
    ? 'promtool accepts and tests the rules, and reads our metrics'
    : 'promtool is not installed here: rules and metrics were not checked with it',
  () => {
    const cwd = join(root, 'deploy/prometheus')
    expect(
      execFileSync('promtool', ['check', 'config', 'prometheus.yml'], { cwd, encoding: 'utf8' }),
    ).toContain(`SUCCESS: ${read('deploy/prometheus/alerts.yml').match(/- alert:/g)?.length} rules found`)
    execFileSync('promtool', ['test', 'rules', 'alerts.test.yml'], { cwd })
    const lint = spawnSync('promtool', ['check', 'metrics'], { input: exposed, encoding: 'utf8' })
    // prom-client's own process metrics are named as they are; ours are held to the rules.
    const ours = lint.stderr.split('\n').filter((line) => /^(token_marketplace|http_)/.test(line))
    expect(ours).toEqual([])
    expect(lint.stderr).not.toContain('error while linting')
  },
)
