/**
 * `/`: where this is and where to go on, for whoever opens the API's address in a browser, or asks it with curl.
 *
 * @module
 */
import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Deps } from '../deps.ts'
import { asJsonOrPage, sendJsonOrPage } from './json-or-page.ts'
import { API_VERSION } from './openapi.ts'
import { escapeHtml } from './page.ts'
import { problems, Shape } from './schema.ts'
import type { App } from './server.ts'

const NAME = 'Token Marketplace Platform'

const Address = (description: string, example: string) =>
  Type.String({ description, examples: [`https://api.example.com${example}`] })

const FrontPage = Shape({
  name: Type.String({ description: 'What answers here.', examples: [NAME] }),
  version: Type.String({ description: 'Of the API.', examples: [API_VERSION] }),
  docs: Address('The API reference, to browse.', '/docs/'),
  openapi: Address('The same as an OpenAPI 3.1 document.', '/openapi.json'),
  errors: Address('Every refusal, and what to do about it.', '/docs/errors'),
  dashboard: Address('Pages for providers and operators.', '/dashboard'),
  marketplace: Type.String({
    description: 'Where people buy tokens and open sessions.',
    examples: ['https://marketplace.example'],
  }),
})
type FrontPage = Static<typeof FrontPage>

export function registerFrontPage(app: App, { config }: Pick<Deps, 'config'>): void {
  const { publicUrl, marketplaceUrl } = config
  const front: FrontPage = {
    name: NAME,
    version: API_VERSION,
    docs: `${publicUrl}/docs/`,
    openapi: `${publicUrl}/openapi.json`,
    errors: `${publicUrl}/docs/errors`,
    dashboard: `${publicUrl}/dashboard`,
    marketplace: marketplaceUrl,
  }
  app.get(
    '/',
    {
      config: { callers: ['open'] },
      schema: {
        operationId: 'getFrontPage',
        tags: ['Operations'],
        summary: 'What answers here, and where to go on',
        description: 'As JSON, or as a page with `Accept: text/html`, which is what browsers send.',
        // A link to it may carry what counts visitors.
        querystring: Type.Object({}),
        response: { 200: asJsonOrPage(FrontPage, 'Where to go on.'), ...problems() },
      },
    },
    async (request, reply) =>
      sendJsonOrPage(request, reply.header('cache-control', 'public, max-age=300'), front, render),
  )
}

function render({ name, docs, openapi, errors, dashboard, marketplace }: FrontPage) {
  const link = (url: string, label: string, text: string) =>
    `<section>\n<p><a href="${escapeHtml(url)}">${label}</a></p>\n<p class="faint">${text}</p>\n</section>`
  return {
    title: name,
    body: [
      `<h1>${name}</h1>`,
      '<p>People buy tokens once and spend them, by the minute, in any third-party app. This is its API.</p>',
      link(marketplace, 'Marketplace', 'Buy tokens, find an app, open a session.'),
      link(
        dashboard,
        'Dashboard',
        'For providers: list an app, see its sessions and earnings. And for operators.',
      ),
      link(docs, 'API reference', 'Every call, to read and try.'),
      link(openapi, 'OpenAPI document', 'The same for programs.'),
      link(errors, 'Errors', 'Every refusal, and what to do about it.'),
    ].join('\n'),
  }
}
