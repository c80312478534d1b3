import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { rolldown } from 'rolldown'
import { beforeAll, expect, test } from 'vitest'
import { buildSdkIfOld } from '../../../tools/build-sdk.ts'
import { makeApiReport, readApiReport } from '../api-report.ts'

const home = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(home, path), 'utf8')
const { budgets, version } = JSON.parse(read('package.json'))

const run = (command: string, ...parameters: string[]) =>
  promisify(execFile)(command, parameters, {
    cwd: home,
    env: { ...process.env, NO_COLOR: '1' },
    shell: process.platform === 'win32',
  }).then(
    () => '',
    ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}`,
  )

beforeAll(buildSdkIfOld)

test('every import keeps its byte budget', async () => {
  expect(await run(process.execPath, 'size.ts')).toBe('')
})

test('the README names the budgets that are enforced', () => {
  const readme = read('README.md')
  for (const bytes of Object.values(budgets)) expect(readme).toContain(`| ${bytes} |`)
})

test('the public types are the ones that were agreed on', () => {
  expect(makeApiReport()).toBe(readApiReport())
})

test('publint finds nothing', async () => {
  expect(await run('publint', '--strict', '.')).toBe('')
})

test('the types are right for every way to import them', async () => {
  const parameters = [
    '--profile',
    'node16',
    '--ignore-rules',
    'cjs-resolves-to-esm',
    '--exclude-entrypoints',
    './sdk.min.js',
  ]
  expect(await run('attw', '--pack', '.', ...parameters)).toBe('')
})

test('the types hold in TypeScript 5.6 as in the newest', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'types-'))
  const settings = {
    compilerOptions: {
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      noEmit: true,
      target: 'es2022',
      module: 'esnext',
      moduleResolution: 'bundler',
      types: [],
    },
    // The whole range, 5.4 to 7, is compiled by the long packaging test.
    files: [join(home, '../../tests/packaging/types/app.ts')],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings))
  // The one that the types' own checker brings.
  const { resolve } = createRequire(createRequire(import.meta.url).resolve('@arethetypeswrong/core'))
  const older = join(dirname(resolve('typescript/package.json')), 'bin/tsc')
  try {
    expect(await run(process.execPath, older, '-p', folder)).toBe('')
    expect(await run('tsc', '-p', folder)).toBe('')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('the types for Vue name nothing that its oldest version lacks', () => {
  const types = read('dist/vue.d.ts')
  // What is inferred is written as `import('vue').…`, by the names of the version that we build with.
  expect(types).not.toContain('import("vue")')
  const [, names = ''] = /import \{([^}]+)\} from 'vue'/.exec(types) ?? []
  // All of them are in 3.3.0, which the long packaging test compiles with.
  expect(names.split(',').map((name) => name.replace('type', '').trim())).toEqual([
    'App',
    'DefineComponent',
    'ShallowRef',
  ])
})

test('the script tag’s hash is written at build', () => {
  expect(JSON.parse(read('dist/integrity.json'))['sdk.min.js']).toMatch(/^sha384-[\w+/]{64}$/)
  expect(version).toMatch(/^\d+\.\d+\.\d+$/)
})

test('React keeps its directive, so that server components may import the adapter', () => {
  expect(read('dist/react.js')).toMatch(/^["'`]use client["'`]/)
})

test('the UMD build can be required where there is no page', async () => {
  const script = `const { createMarketplaceSession } = require('./dist/sdk.umd.cjs')
    const session = createMarketplaceSession({ apiUrl: 'https://api.test', providerId: 'prv_1' })
    if (session.getSnapshot().phase !== 'idle') process.exit(1)`
  expect(await run(process.execPath, '--eval', script)).toBe('')
})

test('what is not imported is not there: experiments, analytics and watching cost nothing unused', async () => {
  const unused = ['/exposures', 'experiment_exposure', 'session_${', 'pointermove']
  const whole = await bundle('createMarketplaceSession, experiment, sendEventsTo, pauseWhenAway')
  for (const trace of unused) expect(whole).toContain(trace)
  const core = await bundle('createMarketplaceSession')
  for (const trace of unused) expect(core).not.toContain(trace)
})

/** What an app loads at once: its entry, and the chunks that it imports before anything runs. */
async function bundle(names: string): Promise<string> {
  const app = `export { ${names} } from ${JSON.stringify(join(home, 'dist/index.js'))}`
  const { output } = await (
    await rolldown({
      input: 'app',
      logLevel: 'silent',
      plugins: [
        {
          name: 'app',
          resolveId: (id) => (id === 'app' ? id : null),
          load: (id) => (id === 'app' ? app : null),
        },
      ],
    })
  ).generate({ format: 'es' })
  const atOnce = (fileName: string): string => {
    const chunk = output.find((each) => each.fileName === fileName)
    return chunk?.type === 'chunk' ? chunk.code + chunk.imports.map(atOnce).join('') : ''
  }
  return atOnce(output[0].fileName)
}
