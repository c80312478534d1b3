/**
 * `/docs/errors`: what every problem's `type` points to, from the table that makes the problems.
 *
 * @module
 */
import type { FastifyInstance } from 'fastify'
import { PROBLEMS } from '../errors.ts'
import { escapeHtml, sendPage } from './page.ts'

const TITLE = 'Errors'
const LEAD =
  'Every refusal is application/problem+json (RFC 9457). Programs branch on code, which is stable; people read title and detail.'

export function registerErrorDocs(app: FastifyInstance): void {
  const body = [
    `<h1>${TITLE}</h1>`,
    `<p>${LEAD}</p>`,
    '<p><a href="/docs/">API reference</a></p>',
    ...Object.entries(PROBLEMS).map(([code, { status, title, cure }]) =>
      [
        `<section id="${code}">`,
        `<h2><a href="#${code}">${code}</a> <span class="status">${status}</span></h2>`,
        `<p>${toHtml(title)}.</p>`,
        `<p class="faint">${toHtml(cure)}</p>`,
        '</section>',
      ].join('\n'),
    ),
  ].join('\n')
  app.get(
    '/docs/errors',
    { schema: { hide: true }, config: { callers: ['open'], limit: 'none' } },
    async (_request, reply) =>
      sendPage(reply.header('cache-control', 'public, max-age=300'), { title: TITLE, body }),
  )
}

/** The table's sentences name things in backticks. */
function toHtml(sentence: string): string {
  return escapeHtml(sentence).replace(/`([^`]+)`/g, '<code>$1</code>')
}
