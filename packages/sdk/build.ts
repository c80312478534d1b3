/**
 * Builds `dist/`: ES modules with their types, then UMD and the script tag's IIFE, each in one file.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { build, type InlineConfig, type Plugin } from 'vite'

const here = import.meta.dirname
// Built aside and put in place whole: tests and servers that run meanwhile, also another build, find a
// complete one at any time.
const aside = mkdtempSync(join(here, '.build-'))
const dist = join(aside, 'dist')

const expected = ['MODULE_LEVEL_DIRECTIVE', 'INEFFECTIVE_DYNAMIC_IMPORT']

const languages = ['ar', 'de', 'es', 'fr', 'ja']

/** The ES entries; each is a subpath of the package. */
export const entries = {
  index: 'src/index.ts',
  react: 'src/react.ts',
  vue: 'src/vue.ts',
  testing: 'src/testing/index.ts',
  server: 'src/server/index.ts',
  'react-native': 'src/react-native/index.ts',
  ...Object.fromEntries(languages.map((code) => [`languages/${code}`, `src/languages/${code}.ts`])),
}

// A name for a number is for whoever reads the source.
const optimization = { inlineConst: { mode: 'all', pass: 3 } } as const

const base: InlineConfig = { root: here, configFile: false, logLevel: 'warn', publicDir: false }

async function buildModules(): Promise<void> {
  await build({
    ...base,
    build: {
      target: 'es2022',
      minify: true,
      emptyOutDir: false,
      outDir: dist,
      // Exported, and loaded by an option: in a file of its own it is in an app only where it is wanted.
      lib: { entry: { ...entries, 'pause-when-away': 'src/pause-when-away.ts' }, formats: ['es'] },
      rolldownOptions: {
        external: [/^react/, /^vue/, /^node:/],
        optimization,
        output: {
          entryFileNames: '[name].js',
          chunkFileNames: ({ name }) => (name === 'src' ? 'core.js' : '[name].js'),
          minify: true,
        },
        // 'use client' stays the first statement, as React needs it.
        onLog: (level, log, report) => expected.includes(log.code ?? '') || report(level, log),
      },
    },
  })
}

/**
 * In one file there is nothing to load later, and the bundler's own way to make modules wait costs 200 bytes: what a page
 * of modules would load is called in its own turn instead.
 */
const loadsNothing: Plugin = {
  name: 'loads-nothing',
  enforce: 'pre',
  transform(code, id) {
    if (!id.endsWith('/browser-ports.ts')) return null
    const imports: string[] = []
    const changed = code.replace(
      /import\('(.+?)'\)\.then\(\(\{ (\w+) \}\) => \2\(session\)\)/g,
      (_, path: string, name: string) => {
        imports.push(`import { ${name} } from '${path}'`)
        return `Promise.resolve(session).then(${name})`
      },
    )
    if (changed.includes('import('))
      throw new Error('browser-ports.ts loads something in a way this does not know')
    return `${imports.join('\n')}\n${changed}`
  },
}

async function buildWhole(entry: string, format: 'umd' | 'iife', fileName: string): Promise<void> {
  await build({
    ...base,
    plugins: [loadsNothing],
    build: {
      target: 'es2022',
      minify: true,
      emptyOutDir: false,
      outDir: dist,
      lib: { entry, formats: [format], name: 'TokenMarketplace', fileName: () => fileName },
      // What they export is a plain object: nobody asks what it calls itself.
      rolldownOptions: { optimization, output: { generatedCode: { symbols: false } } },
    },
  })
}

/** Declarations name the files that are there. */
function nameModulesInTypes(): void {
  for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.d.ts')) continue
    const path = join(dist, name)
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(/(from '\.[^']*|import\("\.[^"]*)\.ts(['"])/g, '$1.js$2'),
    )
  }
}

/** The same types again as CommonJS, for who requires `sdk.umd.cjs`. */
function copyTypesForRequire(): void {
  const target = join(dist, 'cjs')
  mkdirSync(target)
  for (const name of readdirSync(dist))
    if (name.endsWith('.d.ts')) copyFileSync(join(dist, name), join(target, name))
  writeFileSync(join(target, 'package.json'), '{ "type": "commonjs" }\n')
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

/** Takes the place of an older build. */
function putInPlace(): void {
  const place = join(here, 'dist')
  for (let tries = 0; ; tries++) {
    try {
      if (existsSync(place)) renameSync(place, join(aside, `old-${tries}`))
      renameSync(dist, place)
      return
    } catch (error) {
      // Another build came in between.
      if (tries > 9) throw error
    }
  }
}

try {
  await buildModules()
  await buildWhole('src/index.ts', 'umd', 'sdk.umd.cjs')
  await buildWhole('src/script-tag.ts', 'iife', 'sdk.min.js')
  execFileSync('tsc', ['-p', 'tsconfig.build.json', '--outDir', dist], {
    cwd: here,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  nameModulesInTypes()
  copyTypesForRequire()
  writeIntegrity('sdk.min.js')
  putInPlace()
} finally {
  rmSync(aside, { recursive: true, force: true })
}
