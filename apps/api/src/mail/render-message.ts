/**
 * What a message says, once, as plain text and as HTML.
 *
 * @module
 */
import { escapeHtml } from '../http/page.ts'
import type { Message } from './mail.ts'

export interface Letter {
  to: string
  subject: string
  /** Only to addresses whose owner gave it: to others a name is a stranger's text in our envelope. */
  name?: string | null
  paragraphs: string[]
  link?: { url: string; label: string }
}

/** @example renderMessage({ to, subject: 'Hello', paragraphs: ['Welcome.'] }) */
export function renderMessage({ to, subject, name, paragraphs, link }: Letter): Message {
  const greeting = name ? `Hello ${name},` : 'Hello,'
  const text = [greeting, ...paragraphs, ...(link ? [`${link.label}:\n${link.url}`] : [])].join('\n\n')
  const html = [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<title>${escapeHtml(subject)}</title></head>`,
    '<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 36em">',
    ...[greeting, ...paragraphs].map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`),
    ...(link
      ? [
          `<p><a href="${escapeHtml(link.url)}">${escapeHtml(link.label)}</a></p>`,
          `<p style="font-size: 13px">If the link does not work, copy this address:<br>${escapeHtml(link.url)}</p>`,
        ]
      : []),
    '</body></html>',
  ].join('\n')
  return { to, subject, text: `${text}\n`, html }
}
