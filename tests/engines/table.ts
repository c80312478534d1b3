import type { HardCase } from './cases.ts'

/** Writes the page of the lab: what each engine does in each hard case. */
export function writeTable(
  cases: readonly HardCase[],
  headings: Record<string, string>,
  outcomes: Record<string, Record<string, string>>,
): string {
  const engines = Object.keys(headings)
  const rows = cases.map(({ title }) => {
    const cells = engines.map((engine) => outcomes[engine]![title])
    return `| ${title} | ${cells.join(' | ')} |`
  })
  return `# Browser lab

What the SDK does in real engines where pages get into trouble. Every cell is a test that ran: the script tag on a page
under \`default-src 'none'\` and Trusted Types, the real API on a real PostgreSQL, each on its own origin, the API's
clock months away from the device's. \`npm run test:engines\` runs them all and writes this page.

| | ${engines.map((engine) => headings[engine]).join(' | ')} |
|---|${engines.map(() => '---|').join('')}
${rows.join('\n')}

Firefox and WebKitGTK are Debian's packages (\`firefox-esr\`, \`webkit2gtk-driver\`, \`xvfb\`); where they are missing the
command says so and leaves this page as it was. \`FIREFOX_PATH\`, \`WEBKIT_PATH\` (a MiniBrowser) and \`CHROME_PATH\` choose
other ones. Their drivers cannot hide or freeze a page, so those two cases are Chromium's.

Where a last beat is lost nobody pays more: the lease ends, and what came after the last answered beat is the provider's
loss, 30 seconds at most. Measured in Firefox 153: of 12 tabs that wrote to \`localStorage\` on \`pagehide\` before
\`sendBeacon\`, none was heard; of 12 that wrote afterwards, all were, so the SDK sends first. \`sendBeacon\` and \`fetch\` with
\`keepalive\` fare alike. What is still lost there left no trace of \`pagehide\` in one run of 12 (why is not proven), while
\`visibilitychange\` arrived in 24 of 24; but a tab that is only switched away fires that, too, so nothing is ended by it.
`
}
