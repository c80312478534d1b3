/**
 * Weighs what a page loads, gzipped, against the budgets in `package.json`. Run after a build.
 *
 * Each import is bundled the way an app's bundler does it, so that a chunk counts where it is loaded.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

const here = import.meta.dirname
// The bundler writes external paths as seen from here, and their length would count.
process.chdir(here)
const { budgets } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'))

/** The dialog is a chunk of its own; an adapter is what it adds to the core and its framework. */
const external = (entry: string) => [/^react/, /^vue/, ...(entry === 'index' ? [/dialog/] : [/^\.\//])]

async function weighImport(entry: string, names: string): Promise<number> {
  const bundle = await rolldown({
    logLevel: 'silent',
    input: 'app',
    external: external(entry),
    plugins: [
      {
        name: 'app',
        resolveId: (id) => (id === 'app' ? id : null),
        load: (id) =>
          id === 'app'
            ? `export { ${names} } from ${JSON.stringify(join(here, 'dist', `${entry}.js`))}`
            : null,
      },
    ],
  })
  const { output } = await bundle.generate({ format: 'es', minify: true })
  return gzipSync(output[0].code, { level: 9 }).length
}

const weighFile = (name: string) => gzipSync(readFileSync(join(here, 'dist', name)), { level: 9 }).length

const weights: Record<string, number> = {
  core: await weighImport('index', 'createMarketplaceSession'),
  dialog: await weighImport('dialog', 'openDialog'),
  react: await weighImport(
    'react',
    'MarketplaceSessionProvider, useMarketplaceSession, useSecondsLeft, SessionGate',
  ),
  vue: await weighImport('vue', 'marketplaceSession, useMarketplaceSession, SessionGate'),
  iife: weighFile('sdk.min.js'),
}

let isOver = false
for (const [name, budget] of Object.entries<number>(budgets)) {
  const weight = weights[name]
  if (weight === undefined) throw new Error(`nothing is weighed for the budget "${name}"`)
  isOver ||= weight > budget
  console.log(
    `${name.padEnd(8)} ${String(weight).padStart(6)} of ${budget} bytes${weight > budget ? '  TOO BIG' : ''}`,
  )
}
if (isOver) process.exitCode = 1
