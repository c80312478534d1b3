/**
 * The OpenAPI 3.1 document, generated from the route schemas, and the pages to read it.
 *
 * @module
 */
import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { BODY_KIB_MAX } from '../body-limit.ts'
import type { Caller } from './authenticate.ts'
import { type BuiltFile, sendBuiltFile, toBuiltFile } from './built-files.ts'
import { type Described, describeDocument, describeRoute, type RouteConfig } from './describe.ts'
import { registerReference } from './reference.ts'

const SECURITY: Partial<Record<Caller, string>> = {
  user: 'accessToken',
  operator: 'accessToken',
  session: 'sessionJwt',
  key: 'apiKey',
}

export const API_VERSION = '0.1.0'

export async function registerOpenApi(app: FastifyInstance, publicUrl: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Token Marketplace Platform',
        version: API_VERSION,
        description:
          'People buy tokens once and spend them, by the minute, in any third-party app. Amounts of tokens are whole ' +
          'numbers, money is in cents, instants are ISO 8601 in UTC, durations carry their unit in the name. ' +
          `Errors are problem details (RFC 9457). A body has at most ${BODY_KIB_MAX} KiB; Stripe’s events may be longer.`,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: publicUrl, description: 'This server' }],
      tags: [
        { name: 'Accounts', description: 'Register, sign in, stay signed in.' },
        { name: 'Tokens', description: 'Balance, packages, purchases, history.' },
        { name: 'Providers', description: 'The apps that sessions are opened with.' },
        { name: 'Teams', description: 'Who works on a provider, as what, and how they are invited.' },
        { name: 'Sessions', description: 'Paid, timed access, as the marketplace sees it.' },
        { name: 'Provider SDK', description: 'What provider pages call: validate, beat, pause, complete.' },
        { name: 'Keys', description: 'The public key set.' },
        { name: 'Webhooks', description: 'Events from Stripe, events to providers.' },
        { name: 'Analytics', description: 'What a provider’s sessions did and earned.' },
        { name: 'Earnings', description: 'What a provider has earned, and what was paid out.' },
        { name: 'Operations', description: 'Health and metrics.' },
      ],
      components: {
        securitySchemes: {
          accessToken: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'From /auth/login; 15 minutes.',
          },
          sessionJwt: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'From validate; one session.',
          },
          apiKey: { type: 'http', scheme: 'bearer', description: 'A provider’s API key, `tmk_…`.' },
        },
      },
    },
    refResolver: {
      buildLocalReference: (json, _base, _fragment, i) =>
        typeof json.$id === 'string' ? json.$id : `def-${i}`,
    },
    transform: ({ schema, url, route }) => {
      const callers = (route.config as { callers?: Caller[] } | undefined)?.callers ?? []
      const security = [...new Set(callers.flatMap((caller) => SECURITY[caller] ?? []))].map((name) => ({
        [name]: [],
      }))
      const method = String(route.method)
      const described = describeRoute(
        (schema ?? {}) as Described,
        (route.config ?? {}) as RouteConfig,
        method,
      )
      return { schema: { ...described, ...(security.length > 0 ? { security } : {}) } as never, url }
    },
    transformObject: (document) =>
      'openapiObject' in document ? describeDocument(document.openapiObject) : {},
  })
  let document: Promise<BuiltFile> | undefined
  app.get(
    '/openapi.json',
    { schema: { hide: true }, config: { callers: ['open'], limit: 'none' } },
    async (request, reply) => {
      // Counted nowhere, and a megabyte: writing it for everybody who asks took 29 ms of the whole process each time.
      document ??= toBuiltFile('application/json; charset=utf-8', Buffer.from(JSON.stringify(app.swagger())))
      reply.header('access-control-allow-origin', '*').header('cache-control', 'public, max-age=300')
      return sendBuiltFile(request, reply, await document)
    },
  )
  await registerReference(app)
}
