/**
 * The package's public types in one file, so that a changed export is seen in review.
 *
 * `node api-report.ts` compares, `--write` takes over. Run after a build.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const dist = join(import.meta.dirname, 'dist')
const reportPath = join(import.meta.dirname, 'api-report.txt')
const entries = ['index', 'react', 'vue', 'react-native/index', 'server/index', 'testing/index']

/** The declarations of an entry and of what it names, each once, without comments. */
function collect(path: string, seen: Map<string, string>): void {
  const name = relative(dist, path)
  if (seen.has(name)) return
  const text = readFileSync(path, 'utf8')
  seen.set(name, text.replace(/^\s*\/\*[\s\S]*?\*\/\n/gm, '').trim())
  for (const [, target] of text.matchAll(/(?:from '|import\(")(\.[^'"]+)\.js['"]/g))
    collect(join(dirname(path), `${target}.d.ts`), seen)
}

/** The report as the build has it. */
export function makeApiReport(): string {
  const seen = new Map<string, string>()
  for (const entry of entries) collect(join(dist, `${entry}.d.ts`), seen)
  return [...seen].map(([name, text]) => `// ${name}\n\n${text}\n`).join('\n')
}

/** The report as it was agreed on. */
export const readApiReport = (): string => (existsSync(reportPath) ? readFileSync(reportPath, 'utf8') : '')

if (import.meta.main) {
  if (process.argv.includes('--write')) writeFileSync(reportPath, makeApiReport())
  else if (makeApiReport() !== readApiReport()) {
    console.error('The public types changed. Look at them, then: npm run api-report --workspace packages/sdk')
    process.exitCode = 1
  }
}
