/**
 * The HTTP application: what every endpoint shares, then one `register` per domain.
 *
 * @module
 */
import helmet from '@fastify/helmet'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyInstance } from 'fastify'
import { registerAuthRoutes } from './auth/routes.ts'
import { createAuthenticators } from './authenticators.ts'
import type { Deps } from './deps.ts'
import { registerAuthentication } from './http/authenticate.ts'
import { registerCors } from './http/cors.ts'
import { registerHealth } from './http/health.ts'
import { registerOpenApi } from './http/openapi.ts'
import { registerProblemDetails } from './http/problem-details.ts'
import { registerRequestLog } from './http/request-log.ts'
import { ProblemDetails } from './http/schema.ts'
import { registerValidation } from './http/validation.ts'
import { createId } from './id.ts'
import { registerKeyRoutes } from './keys/routes.ts'
import { registerProviderRoutes } from './providers/routes.ts'
import { registerSessionRoutes } from './sessions/routes.ts'
import { registerTokenRoutes } from './tokens/routes.ts'

const BODY_BYTES_MAX = 64 * 1024

function createServer({ config, log, clock }: Deps) {
  const hops = config.trustProxy
  return Fastify({
    loggerInstance: log,
    disableRequestLogging: true,
    bodyLimit: BODY_BYTES_MAX,
    trustProxy: typeof hops === 'number' ? (_address: string, hop: number) => hop < hops : (hops ?? false),
    genReqId: () => createId('req', clock()),
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: true },
  }).withTypeProvider<TypeBoxTypeProvider>()
}

/** What routes are registered on. */
export type App = ReturnType<typeof createServer>

export async function createApp(deps: Deps): Promise<App> {
  const app = createServer(deps)
  const plain = app as unknown as FastifyInstance
  app.addSchema(ProblemDetails)
  registerValidation(plain)
  registerRequestLog(plain)
  registerProblemDetails(plain, deps.config.publicUrl)
  await app.register(helmet, { global: true, crossOriginResourcePolicy: { policy: 'cross-origin' } })
  await registerOpenApi(plain, deps.config.publicUrl)
  registerCors(plain, deps)
  registerAuthentication(plain, createAuthenticators(deps))

  registerHealth(app, deps)
  registerKeyRoutes(app, deps)
  registerAuthRoutes(app, deps)
  registerProviderRoutes(app, deps)
  registerTokenRoutes(app, deps)
  registerSessionRoutes(app, deps)
  return app
}
