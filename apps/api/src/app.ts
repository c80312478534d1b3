/**
 * The HTTP application: what every endpoint shares, then one `register` per domain.
 *
 * @module
 */
import type { FastifyInstance } from 'fastify'
import { createListingViews } from './analytics/listing-views.ts'
import { registerAnalyticsRoutes } from './analytics/routes.ts'
import { createPasswords } from './auth/password.ts'
import { registerAuthRoutes } from './auth/routes.ts'
import { createAuthenticators } from './authenticators.ts'
import { registerDashboardRoutes } from './dashboard/routes.ts'
import type { Deps } from './deps.ts'
import { registerEarningsRoutes } from './earnings/routes.ts'
import { registerAuthentication } from './http/authenticate.ts'
import { registerJsonBodies } from './http/body.ts'
import { registerCors } from './http/cors.ts'
import { registerErrorDocs } from './http/error-docs.ts'
import { registerFrontPage } from './http/front-page.ts'
import { registerGoneCallers } from './http/gone-callers.ts'
import { registerHead } from './http/head.ts'
import { registerHealth } from './http/health.ts'
import { registerMetrics } from './http/metrics.ts'
import { registerOpenApi } from './http/openapi.ts'
import { registerOverload } from './http/overload.ts'
import { registerProblemDetails } from './http/problem-details.ts'
import { registerRateLimits } from './http/rate-limit.ts'
import { registerHostCheck } from './http/raw-errors.ts'
import { registerRequestLog } from './http/request-log.ts'
import { registerRouteDefaults } from './http/route-defaults.ts'
import { ProblemDetails } from './http/schema.ts'
import { registerSdkScript } from './http/sdk-script.ts'
import { registerSecurityHeaders } from './http/security-headers.ts'
import { registerSerialization } from './http/serialization.ts'
import { type App, createServer } from './http/server.ts'
import { registerStopping } from './http/stopping.ts'
import { registerValidation } from './http/validation.ts'
import { registerKeyRoutes } from './keys/routes.ts'
import { registerMemberRoutes } from './members/routes.ts'
import { registerBusinessMetrics } from './observability/business-metrics.ts'
import { registerRequestTracing } from './observability/trace-requests.ts'
import { registerOperatorRoutes } from './operators/routes.ts'
import { registerProviderRoutes } from './providers/routes.ts'
import { registerReceiptRoutes } from './receipts/routes.ts'
import { endProviderSessions, enqueueProviderEnd } from './sessions/end-provider-sessions.ts'
import type { BeatTuning } from './sessions/heartbeat.ts'
import { registerSessionRoutes } from './sessions/routes.ts'
import { registerTestSessionRoutes } from './sessions/test-routes.ts'
import { registerTokenRoutes } from './tokens/routes.ts'
import { registerWebhookEndpointRoutes } from './webhooks/routes.ts'

/** How long a suspension works on the provider's sessions before it answers; a job does the rest. */
const SUSPENDING_MS_MAX = 5_000

export async function createApp(deps: Deps, tuning?: BeatTuning): Promise<App> {
  const app = createServer(deps)
  const plain = app as unknown as FastifyInstance
  app.addSchema(ProblemDetails)
  // JSON is what routes take; the few that take more say so.
  app.removeContentTypeParser('text/plain')
  registerStopping(plain)
  registerRouteDefaults(plain)
  registerRequestTracing(plain)
  registerValidation(plain)
  registerSerialization(plain)
  registerJsonBodies(plain)
  registerGoneCallers(plain)
  registerRequestLog(plain, deps)
  registerProblemDetails(plain, deps.config.publicUrl)
  registerSecurityHeaders(plain)
  registerHostCheck(plain)
  registerHead(plain)
  await registerOpenApi(plain, deps.config.publicUrl)
  // CORS comes first: a page must be able to read why it is refused.
  registerCors(plain, deps)
  registerOverload(plain, deps)
  const counts = registerRateLimits(plain, deps)
  registerAuthentication(plain, createAuthenticators(deps), counts)

  registerMetrics(app, deps)
  registerBusinessMetrics(deps)
  registerErrorDocs(plain)
  registerFrontPage(app, deps)
  registerSdkScript(app)
  registerHealth(app, deps)
  registerKeyRoutes(app, deps)
  // One queue for all of them, or each would hash as many at a time as all may.
  const passwords = createPasswords({ burstFactor: deps.config.rateLimitFactor })
  registerAuthRoutes(app, deps, passwords)
  const views = createListingViews(deps)
  plain.addHook('onClose', views.start())
  registerProviderRoutes(app, deps, {
    onListingSeen: views.note,
    onSuspended: enqueueProviderEnd,
    afterSuspended: async (provider) => {
      const { db, clock: now, config } = deps
      await endProviderSessions(db, provider, {
        now,
        marketplaceUrl: config.marketplaceUrl,
        withinMs: SUSPENDING_MS_MAX,
      })
    },
  })
  registerMemberRoutes(app, deps, passwords)
  registerTokenRoutes(app, deps)
  registerSessionRoutes(app, deps, tuning)
  registerReceiptRoutes(app, deps)
  registerWebhookEndpointRoutes(app, deps)
  registerAnalyticsRoutes(app, deps, views)
  registerEarningsRoutes(app, deps)
  registerTestSessionRoutes(app, deps)
  registerDashboardRoutes(app, deps)
  registerOperatorRoutes(app, deps)
  return app
}
