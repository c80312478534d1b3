/**
 * Builds `dist/`: ES modules with their types, then UMD and the script tag's IIFE, each in one file.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type InlineConfig } from 'vite'

const here = import.meta.dirname
const dist = join(here, 'dist')

/** The ES entries; each is a subpath of the package. */
export const entries = { index: 'src/index.ts' }

const base: InlineConfig = { root: here, configFile: false, logLevel: 'warn', publicDir: false }

async function buildModules(): Promise<void> {
  await build({
    ...base,
    build: {
      target: 'es2022',
      minify: true,
      emptyOutDir: false,
      lib: { entry: entries, formats: ['es'] },
      rolldownOptions: {
        external: [/^react/, /^vue/, /^node:/],
        output: { entryFileNames: '[name].js', chunkFileNames: '[name].js', minify: true },
      },
    },
  })
}

async function buildWhole(entry: string, format: 'umd' | 'iife', fileName: string): Promise<void> {
  await build({
    ...base,
    build: {
      target: 'es2022',
      minify: true,
      emptyOutDir: false,
      lib: { entry, formats: [format], name: 'TokenMarketplace', fileName: () => fileName },
    },
  })
}

/** Subresource Integrity, for a tag that pins its version. */
function writeIntegrity(fileName: string): void {
  const digest = createHash('sha384')
    .update(readFileSync(join(dist, fileName)))
    .digest('base64')
  writeFileSync(
    join(dist, 'integrity.json'),
    `${JSON.stringify({ [fileName]: `sha384-${digest}` }, null, 2)}\n`,
  )
}

rmSync(dist, { recursive: true, force: true })
await buildModules()
await buildWhole('src/index.ts', 'umd', 'sdk.umd.cjs')
await buildWhole('src/script-tag.ts', 'iife', 'sdk.min.js')
execFileSync('tsc', ['-p', 'tsconfig.build.json'], {
  cwd: here,
  stdio: 'inherit',
  shell: process.platform === 'win32',
})
writeIntegrity('sdk.min.js')
