/**
 * The HTTP server: its limits, its log, and the errors that come before any route.
 *
 * @module
 */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { LogController } from 'fastify'
import type { Logger } from 'pino'
import { BODY_KIB_MAX } from '../body-limit.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { createId } from '../id.ts'
import { lazyChild } from './lazy-log.ts'
import { createClientErrorHandler, createFrameworkErrorHandler } from './raw-errors.ts'

const HEADER_BYTES_MAX = 16 * 1024

export function createServer({ config, log, clock }: { config: Config; log: Logger; clock: Clock }) {
  const hops = config.trustProxy
  const app = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (logger, bindings) => lazyChild(logger, bindings),
    bodyLimit: BODY_KIB_MAX * 1024,
    trustProxy: typeof hops === 'number' ? (_address: string, hop: number) => hop < hops : (hops ?? false),
    genReqId: () => createId('req', clock()),
    requestTimeout: 30_000,
    // A reader or writer that stands still for a minute is gone.
    connectionTimeout: 60_000,
    http: {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: 15_000,
      connectionsCheckingInterval: 5_000,
      // Refused by `registerHostCheck`: Node would do it without our headers and body.
      requireHostHeader: false,
    },
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: true },
    // While stopping, what still arrives is answered, on a connection that then closes.
    return503OnClosing: false,
    frameworkErrors: createFrameworkErrorHandler(config.publicUrl),
    clientErrorHandler: createClientErrorHandler(config.publicUrl, clock),
  }).withTypeProvider<TypeBoxTypeProvider>()
  // What is expected and unknown may be left out of account (RFC 9110, 10.1.1); here, too, Node would answer itself.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  return app
}

/** What routes are registered on. */
export type App = ReturnType<typeof createServer>
