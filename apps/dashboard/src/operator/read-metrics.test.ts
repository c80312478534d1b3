import { expect, test } from 'vitest'
import { healthOfRoutes, readMetrics, sumOf } from './read-metrics.ts'

const TEXT = `# HELP http_request_duration_seconds Seconds.
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.005",method="GET",route="/a",status="200"} 90
http_request_duration_seconds_bucket{le="0.1",method="GET",route="/a",status="200"} 98
http_request_duration_seconds_bucket{le="+Inf",method="GET",route="/a",status="200"} 99
http_request_duration_seconds_count{method="GET",route="/a",status="200"} 99
http_request_duration_seconds_bucket{le="+Inf",method="GET",route="/a",status="503"} 1
http_request_duration_seconds_count{method="GET",route="/a",status="503"} 1
token_marketplace_db_connections{pool="app",state="waiting"} 2
token_marketplace_db_connections{pool="batch",state="waiting"} 1
odd{text="a \\"quoted\\", {one}"} NaN
`

test('routes are told with their calls, failures and 95th percentile', () => {
  expect(healthOfRoutes(readMetrics(TEXT))).toEqual([
    { route: 'GET /a', calls: 100, failures: 1, p95Seconds: 0.1 },
  ])
})

test('labels may hold what looks like syntax', () => {
  expect(readMetrics(TEXT).get('odd')?.[0]?.labels).toEqual({ text: 'a \\"quoted\\", {one}' })
})

test('figures are summed over what fits', () => {
  const connections = readMetrics(TEXT).get('token_marketplace_db_connections')
  expect(sumOf(connections, ({ pool }) => pool === 'app')).toBe(2)
  expect(sumOf(connections)).toBe(3)
  expect(sumOf(undefined)).toBe(0)
})
