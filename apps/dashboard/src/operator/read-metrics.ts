/** A figure of `/metrics`: its labels, and its value. */
export interface Sample {
  labels: Record<string, string>
  value: number
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g

/** Reads the Prometheus text format, by the names of figures. */
export function readMetrics(text: string): Map<string, Sample[]> {
  const byName = new Map<string, Sample[]>()
  for (const line of text.split('\n')) {
    const [, name, labelText = '', valueText] = LINE.exec(line) ?? []
    if (name === undefined || valueText === undefined) continue
    const value = valueText === '+Inf' ? Number.POSITIVE_INFINITY : Number(valueText)
    const labels = Object.fromEntries([...labelText.matchAll(LABEL)].map(([, key, text]) => [key, text]))
    byName.set(name, [...(byName.get(name) ?? []), { labels, value }])
  }
  return byName
}

export interface RouteHealth {
  route: string
  calls: number
  /** Answers of 5xx. */
  failures: number
  /** Seconds below which 95 of 100 answers were given, as far as the buckets tell. */
  p95Seconds: number
}

/** What each route did since the instance started, the busiest first. */
export function healthOfRoutes(metrics: Map<string, Sample[]>): RouteHealth[] {
  const routes = new Map<string, { calls: number; failures: number; buckets: Map<number, number> }>()
  const of = ({ labels }: Sample) => {
    const route = `${labels.method} ${labels.route}`
    const known = routes.get(route) ?? { calls: 0, failures: 0, buckets: new Map() }
    routes.set(route, known)
    return known
  }
  for (const sample of metrics.get('http_request_duration_seconds_count') ?? []) {
    const route = of(sample)
    route.calls += sample.value
    if (sample.labels.status?.startsWith('5')) route.failures += sample.value
  }
  for (const sample of metrics.get('http_request_duration_seconds_bucket') ?? []) {
    const { buckets } = of(sample)
    const upTo = sample.labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(sample.labels.le)
    buckets.set(upTo, (buckets.get(upTo) ?? 0) + sample.value)
  }
  return [...routes]
    .map(([route, { calls, failures, buckets }]) => ({
      route,
      calls,
      failures,
      p95Seconds: p95Of(buckets, calls),
    }))
    .sort((a, b) => b.calls - a.calls)
}

function p95Of(buckets: Map<number, number>, calls: number): number {
  const sorted = [...buckets].sort(([a], [b]) => a - b)
  return sorted.find(([, count]) => count >= calls * 0.95)?.[0] ?? Number.POSITIVE_INFINITY
}

export const sumOf = (
  samples: Sample[] | undefined,
  matches: (labels: Record<string, string>) => boolean = () => true,
) => (samples ?? []).filter(({ labels }) => matches(labels)).reduce((sum, { value }) => sum + value, 0)
