import type { FastifyInstance, FastifyRequest } from 'fastify'
import { currentTracer, type OpenSpan } from '../trace.ts'

/** One span per request, named by its route's template: what callers send makes no new names. */
export function registerRequestTracing(app: FastifyInstance): void {
  const tracer = currentTracer()
  if (!tracer) return
  const open = new WeakMap<FastifyRequest, OpenSpan>()

  app.addHook('onRequest', (request, _reply, done) => {
    const route = request.is404 ? undefined : request.routeOptions.url
    const given = request.headers.traceparent
    const span = tracer.begin(`${request.method} ${route ?? 'unknown'}`, {
      kind: 'server',
      continues: typeof given === 'string' ? given : undefined,
      attributes: {
        'http.request.method': request.method,
        'http.route': route ?? 'unknown',
        'request.id': request.id,
      },
    })
    open.set(request, span)
    span.within(() => done())
  })
  // Reading the body comes back in the context of the socket, so the way to the handler is entered again.
  app.addHook('preValidation', (request, _reply, done) => {
    const span = open.get(request)
    if (span) span.within(() => done())
    else done()
  })
  app.addHook('onResponse', async (request, reply) => {
    const span = open.get(request)
    span?.set({ 'http.response.status_code': reply.statusCode })
    span?.end(reply.statusCode >= 500 ? new Error() : undefined)
  })
  // A caller who went away gets no response; the span ends all the same.
  app.addHook('onRequestAbort', async (request) => {
    open.get(request)?.set({ 'error.type': 'aborted' })
  })
}
