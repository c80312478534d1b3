/**
 * HTML pages of ours: no script, one style block that the policy knows by its hash, nothing from elsewhere.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --faint: #57606a; --line: #d8dee4; --chip: #f3f5f7; --accent: #0b5fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --paper: #101418; --faint: #9aa4ae; --line: #2c333a; --chip: #1a2026; --accent: #7fb0ff }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif }
main { max-width: 46rem; margin: 0 auto; padding: 2.5rem 1.25rem 5rem }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .5rem; overflow-wrap: anywhere; unicode-bidi: plaintext }
h2 { font-size: 1.05rem; margin: 0; font-family: ui-monospace, monospace; overflow-wrap: anywhere }
p { margin: .4rem 0 }
a { color: var(--accent) }
code { font-family: ui-monospace, monospace; font-size: .9em; background: var(--chip); padding: .1em .35em; border-radius: .3em; overflow-wrap: anywhere }
section { border-top: 1px solid var(--line); padding: 1.1rem 0; scroll-margin-top: 1rem }
section:target { border-left: 3px solid var(--accent); padding-left: 1rem }
.status { color: var(--faint); font-variant-numeric: tabular-nums }
.faint { color: var(--faint) }
table { width: 100%; border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums }
caption { text-align: left; font-weight: 600; padding: .4rem 0 }
th, td { text-align: left; vertical-align: top; padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); font-weight: inherit }
th:last-child, td:last-child { text-align: right; padding-right: 0 }
td:last-child { white-space: nowrap }
.total th, .total td { font-weight: 600; border-bottom-width: 2px }
`
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${STYLE_HASH}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** @param body trusted HTML: whatever came from outside went through `escapeHtml` */
export function sendPage(reply: FastifyReply, { title, body }: { title: string; body: string }) {
  return reply
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-security-policy', POLICY)
    .send(
      `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`,
    )
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
