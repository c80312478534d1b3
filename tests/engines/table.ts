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
`
}
