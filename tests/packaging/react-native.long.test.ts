import { chmod, cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createProject, isRegistryReachable, type Project, packSdk } from '../../tools/temp-project.ts'

// Heavy, and so installed here and not with the repository. The registry's `latest` of react-native is no
// release; hermes-engine-cli 0.12.0 is the last VM on it, and reads source instead of today's bytecode.
const tools = [
  'metro@0.87.1',
  'hermes-engine-cli@0.12.0',
  '@types/jest@29.5.14',
  '@types/react-test-renderer@19.1.0',
]
const example = join(import.meta.dirname, '../../examples/provider-react-native')
const fixtures = join(import.meta.dirname, 'react-native')
const hermesFolders: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'linux64-bin',
  darwin: 'osx-bin',
  win32: 'win64-bin',
}

const bundle = `
const Metro = require('metro')
const [entry, out] = process.argv.slice(2)
Metro.loadConfig({ config: __dirname + '/metro.config.js' })
  .then((config) => Metro.runBuild(config, { entry, out: __dirname + '/' + out, platform: 'android', dev: false, minify: false }))
  .catch((error) => { console.error(error); process.exit(1) })
`
const typeSettings = JSON.stringify({
  compilerOptions: {
    strict: true,
    noEmit: true,
    target: 'es2022',
    module: 'esnext',
    moduleResolution: 'bundler',
    customConditions: ['react-native'],
    jsx: 'react-jsx',
    lib: ['es2023'],
    types: ['react-native', 'jest'],
    skipLibCheck: true,
  },
  include: ['src', 'app.test.tsx'],
})

const isReachable = await isRegistryReachable('React Native')

describe.skipIf(!isReachable)('the example in React Native', () => {
  let project: Project

  beforeAll(async () => {
    project = await createProject('react-native')
    await cp(example, project.folder, { recursive: true })
    const sdk = await packSdk(project.folder)
    const manifest = JSON.parse(await readFile(join(example, 'package.json'), 'utf8'))
    manifest.dependencies['@token-marketplace/sdk'] = `file:${sdk}`
    await project.write({
      'package.json': JSON.stringify(manifest),
      'bundle.cjs': bundle,
      'tsconfig.json': typeSettings,
    })
    await cp(join(fixtures, 'world.js'), join(project.folder, 'world.js'))
    await cp(join(fixtures, 'phone.js'), join(project.folder, 'phone.js'))
    await cp(join(fixtures, 'app.jest.tsx'), join(project.folder, 'app.test.tsx'))
    await project.install(...tools)
  }, 600_000)
  afterAll(() => project?.remove())

  test('its types hold', async () => {
    expect(await project.run('tsc', '-p', '.')).toBe('')
  })

  test('its component tree does in Jest what a user would see', async () => {
    await project.run('jest', '--ci')
  }, 300_000)

  test('Metro bundles the whole app', async () => {
    await project.run('node', 'bundle.cjs', 'index.js', 'app.bundle.js')
    expect(await readFile(join(project.folder, 'app.bundle.js'), 'utf8')).toContain('Tap the beat')
  }, 300_000)

  test('in a Hermes VM a session is opened, left, found again and paid to its end', async () => {
    await project.run('node', 'bundle.cjs', 'phone.js', 'phone.bundle.js')
    const folder = hermesFolders[process.platform] ?? 'linux64-bin'
    const hermes = join(project.folder, 'node_modules/hermes-engine-cli', folder, 'hermes')
    await chmod(hermes, 0o755)
    const said = await project.run(hermes, 'phone.bundle.js')
    expect(said).toMatch(/^RESULT /)
    expect(JSON.parse(said.replace('RESULT ', ''))).toEqual({
      opened: { phase: 'active', secondsLeft: 1800 },
      afterTenMinutes: 1200,
      usedAfterTwentyInTheBackground: 600,
      reopened: { phase: 'active', id: 'ses_1' },
      ended: { phase: 'ended', reason: 'expired' },
      openedUrls: ['https://marketplace.test/?session=ses_1&reason=expired'],
    })
  }, 300_000)
})
