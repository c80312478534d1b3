import { AsyncLocalStorage } from 'node:async_hooks'
import type { Context, Link, SpanContext } from '@opentelemetry/api'
import { type OpenSpan, setTracer, type Tracer } from '../trace.ts'

export interface TracingOptions {
  /** Where an OTLP/HTTP receiver listens; spans go to `/v1/traces` below it. */
  endpoint: string | undefined
  /** Of all traces begun here, from 0 to 1. */
  sampledShare?: number
  serviceName?: string
  /** How long finished spans are gathered before they are sent. */
  sendEveryMs?: number
}

/**
 * Sends traces to an OTLP/HTTP receiver. Without an endpoint nothing is even loaded.
 *
 * @returns what sends the rest and stops.
 */
export async function startTracing(options: TracingOptions): Promise<() => Promise<void>> {
  const { endpoint, sampledShare = 1, serviceName = 'token-marketplace-api', sendEveryMs = 5_000 } = options
  if (endpoint === undefined) return async () => undefined
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` })
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(sampledShare) }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, scheduledDelayMillis: sendEveryMs })],
  })
  const spans = provider.getTracer('token-marketplace')
  const contexts = new AsyncLocalStorage<Context>()
  const kinds = {
    server: api.SpanKind.SERVER,
    client: api.SpanKind.CLIENT,
    consumer: api.SpanKind.CONSUMER,
  }

  const tracer: Tracer = {
    begin(name, { kind, attributes, continues, causedBy }): OpenSpan {
      const remote = readTraceparent(continues)
      const parent = remote
        ? api.trace.setSpanContext(api.ROOT_CONTEXT, remote)
        : (contexts.getStore() ?? api.ROOT_CONTEXT)
      const cause = readTraceparent(causedBy)
      const links: Link[] = cause ? [{ context: cause }] : []
      const span = spans.startSpan(
        name,
        {
          links,
          ...(attributes && { attributes }),
          kind: kind ? kinds[kind] : api.SpanKind.INTERNAL,
        },
        parent,
      )
      const context = api.trace.setSpan(parent, span)
      return {
        within: (run) => contexts.run(context, run),
        set: (more) => void span.setAttributes(more),
        rename: (next) => void span.updateName(next),
        end(error) {
          if (error !== undefined) {
            // The class alone: a message may hold what a caller sent.
            const type = error instanceof Error ? error.name : 'error'
            span.setAttribute('error.type', type).setStatus({ code: api.SpanStatusCode.ERROR })
          }
          span.end()
        },
      }
    },
    current() {
      const context = contexts.getStore()
      const running = context && api.trace.getSpanContext(context)
      if (!running) return undefined
      const flags = running.traceFlags.toString(16).padStart(2, '0')
      return `00-${running.traceId}-${running.spanId}-${flags}`
    },
  }
  setTracer(tracer)
  return async () => {
    setTracer(undefined)
    await provider.shutdown()
  }
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** Undefined for anything that is not one: a caller's header is never trusted to be well formed. */
export function readTraceparent(text: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text ?? '') ?? []
  if (!traceId || !spanId || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  return { traceId, spanId, traceFlags: Number.parseInt(flags ?? '0', 16) & 1, isRemote: true }
}
