/**
 * `/metrics` in Prometheus text: rate, errors and duration per route, the process, the pools, and what domains add.
 *
 * It holds figures of the whole and nothing of anybody, so it needs no credential; whoever wants it private keeps
 * the path from leaving the network, as one does with /readyz.
 *
 * @module
 */
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Db } from '../db.ts'
import { GONE_STATUS } from './gone-callers.ts'
import { problems } from './schema.ts'
import type { App } from './server.ts'

export interface Metrics {
  registry: Registry
  /**
   * A figure read when Prometheus asks. One that cannot be read is NaN and spoils no other.
   *
   * @example metrics.gauge('live_sessions', 'Sessions that have not ended.', () => countLive(db))
   */
  gauge(name: string, help: string, read: () => number | Promise<number>): void
  /** Sessions that the sweeper could not settle and left for later. */
  settlementFailures: Counter
}

const PREFIX = 'token_marketplace_'
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10]

export function createMetrics({ db }: { db: Db }): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: `${PREFIX}db_connections`,
    help: 'Database connections by pool and state; waiting ones are requests in line for one.',
    labelNames: ['pool', 'state'],
    registers: [registry],
    collect() {
      for (const { name, total, idle, waiting } of db.pools()) {
        this.set({ pool: name, state: 'busy' }, total - idle)
        this.set({ pool: name, state: 'idle' }, idle)
        this.set({ pool: name, state: 'waiting' }, waiting)
      }
    },
  })
  return {
    registry,
    gauge(name, help, read) {
      new Gauge({
        name: PREFIX + name,
        help,
        registers: [registry],
        async collect() {
          this.set(
            await Promise.resolve()
              .then(read)
              .catch(() => Number.NaN),
          )
        },
      })
    },
    settlementFailures: new Counter({
      name: `${PREFIX}settlement_failures_total`,
      help: 'Sessions that the sweeper could not settle and left for later.',
      registers: [registry],
    }),
  }
}

export function registerMetrics(app: App, { metrics }: { metrics: Metrics }): void {
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Seconds from the first byte of a request to the last of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers: [metrics.registry],
  })
  const observe = (request: FastifyRequest, reply: FastifyReply, status: number) => {
    // The template, never the path: what callers send must not make new time series.
    const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown')
    durations.observe({ method: request.method, route, status }, reply.elapsedTime / 1000)
  }
  app.whenGone((request, reply) => observe(request, reply, GONE_STATUS))
  app.addHook('onResponse', (request, reply, done) => {
    observe(request, reply, reply.statusCode)
    done()
  })
  app.get(
    '/metrics',
    {
      config: { callers: ['open'], limit: 'none' },
      schema: {
        operationId: 'getMetrics',
        tags: ['Operations'],
        summary: 'Figures of this instance',
        description: 'Prometheus text. Holds no secrets and nothing of any user.',
        produces: ['text/plain'],
        response: {
          200: Type.String({ description: 'Prometheus text format 0.0.4.', examples: ['# HELP …'] }),
          ...problems(),
        },
      },
    },
    async (_request, reply) => {
      reply.header('content-type', metrics.registry.contentType)
      return metrics.registry.metrics()
    },
  )
}
