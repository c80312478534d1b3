import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createProject, isRegistryReachable, type Project, packSdk } from '../../tools/temp-project.ts'
import { launchChromium } from '../browser/chromium.ts'
import { freePorts, stop, waitUntilAnswers } from '../browser/stack.ts'
import { nextApp, nuxtApp, plainPage, viteApp } from './fresh-apps.ts'

/** Installing and building whole frameworks, on a machine that does other things as well. */
const BUILD_MS = 600_000

const isReachable = await isRegistryReachable('the packed SDK in fresh projects')

let sdk: string
let shelf: Project
let browser: Browser
const closing: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  if (!isReachable) return
  shelf = await createProject('packed')
  ;[sdk, browser] = await Promise.all([packSdk(shelf.folder), launchChromium()])
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
afterAll(async () => {
  await browser?.close()
  await shelf?.remove()
})

async function openProject(name: string): Promise<Project> {
  const project = await createProject(name)
  closing.push(project.remove)
  return project
}

/** Opens a page without a launch: the SDK works when it says that the launch is what is missing. */
async function expectWorkingSdk(url: string): Promise<void> {
  const page = await browser.newPage()
  closing.push(() => page.close())
  const complaints: string[] = []
  page.on('pageerror', ({ message }) => complaints.push(message))
  // The API of these apps does not exist, and the dialog asks it for the provider's colours.
  const isExpected = (text: string) => text.startsWith('Failed to load resource')
  page.on('console', (message) => {
    if (message.type() === 'error' && !isExpected(message.text())) complaints.push(message.text())
  })
  await page.goto(url)
  await page.locator('#phase', { hasText: 'failed launch_missing' }).waitFor()
  await page
    .getByRole('dialog')
    .getByText(/marketplace/i)
    .first()
    .waitFor()
  expect(complaints).toEqual([])
}

async function serveFiles(folder: string): Promise<string> {
  const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }
  const server = createServer(async ({ url }, response) => {
    const path = normalize(join(folder, url === '/' ? 'index.html' : url!.split('?')[0]!))
    const body = path.startsWith(folder + sep) ? await readFile(path).catch(() => undefined) : undefined
    response
      .writeHead(body ? 200 : 404, { 'content-type': types[extname(path)] ?? 'image/svg+xml' })
      .end(body)
  })
  const [port] = (await freePorts(1)) as [number]
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  closing.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://localhost:${port}/`
}

async function startServer(project: Project, program: string, ...parameters: string[]): Promise<string> {
  const [port] = (await freePorts(1)) as [number]
  const child = project.start({ PORT: String(port), HOST: '127.0.0.1' }, program, ...parameters)
  closing.push(() => stop(child))
  await waitUntilAnswers(port)
  return `http://localhost:${port}/`
}

describe.skipIf(!isReachable)('the packed SDK', () => {
  test('is imported and required by Node, and does nothing there before it starts', async () => {
    const project = await openProject('node')
    await project.install(sdk)
    const use = `
const session = createMarketplaceSession({ apiUrl: 'https://api.example.com', providerId: 'prv_1' })
console.log(session.getSnapshot().phase, formatSeconds(3601))`
    await project.write({
      'app.mjs': `import { createMarketplaceSession, formatSeconds } from '@token-marketplace/sdk'
import { createSessionGate } from '@token-marketplace/sdk/server'
import { createFakeMarketplace } from '@token-marketplace/sdk/testing'
import german from '@token-marketplace/sdk/languages/de'
${use}
const market = createFakeMarketplace()
const tab = await market.openTab()
await market.advance('31m')
console.log(tab.session.getSnapshot().phase, typeof createSessionGate, typeof german.resume)`,
      'app.cjs': `const { createMarketplaceSession, formatSeconds } = require('@token-marketplace/sdk')${use}`,
    })
    expect(await project.run('node', 'app.mjs')).toBe('idle 1:00:01\nended function string\n')
    expect(await project.run('node', 'app.cjs')).toBe('idle 1:00:01\n')
  })

  test('runs from a script tag that pins its hash', async () => {
    const project = await openProject('html')
    await project.install(sdk)
    const dist = join(project.folder, 'node_modules/@token-marketplace/sdk/dist')
    const hashes = JSON.parse(await readFile(join(dist, 'integrity.json'), 'utf8'))
    await project.write(plainPage(hashes['sdk.min.js']))
    await expectWorkingSdk(await serveFiles(project.folder))
  })

  test.each(['5.4.21', '8.3.8'])('builds with Vite %s, and the page runs', async (version) => {
    const project = await openProject('vite')
    await project.write(viteApp)
    await project.install(sdk, `vite@${version}`, 'typescript@5.9.3')
    expect(await project.run('tsc')).toBe('')
    await project.run('vite', 'build')
    await expectWorkingSdk(await serveFiles(join(project.folder, 'dist')))
  })

  test('provides its session in React 18', async () => {
    const project = await openProject('react-18')
    await project.install(sdk, 'react@18.3.1', 'react-dom@18.3.1')
    await project.write({
      'app.mjs': `import { MarketplaceSessionProvider, useMarketplaceSession } from '@token-marketplace/sdk/react'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
const options = { apiUrl: 'https://api.example.com', providerId: 'prv_1' }
const Phase = () => createElement('p', null, useMarketplaceSession().phase)
console.log(renderToString(createElement(MarketplaceSessionProvider, options, createElement(Phase))))`,
    })
    expect(await project.run('node', 'app.mjs')).toBe('<p>idle</p>\n')
  })

  test(
    'builds with Next, is imported by a server component, and hydrates',
    async () => {
      const project = await openProject('next')
      await project.write(nextApp)
      await project.install(
        sdk,
        'next@16.4.6',
        'react@19.2.3',
        'react-dom@19.2.3',
        'typescript@5.9.3',
        '@types/react@19.2.18',
        '@types/node@24.12.0',
      )
      await project.run('next', 'build')
      await expectWorkingSdk(await startServer(project, 'next', 'start'))
    },
    BUILD_MS,
  )

  test(
    'builds with Nuxt, is rendered on its server, and hydrates',
    async () => {
      const project = await openProject('nuxt')
      await project.write(nuxtApp)
      await project.install(sdk, 'nuxt@4.5.2', 'vue@3.5.45')
      await project.run('nuxt', 'build')
      await expectWorkingSdk(await startServer(project, 'node', '.output/server/index.mjs'))
    },
    BUILD_MS,
  )
})

test.skipIf(!isReachable)(
  'an app is tested by Jest in jsdom with the settings that the README names',
  async () => {
    const readme = await readFile(join(import.meta.dirname, '../../packages/sdk/README.md'), 'utf8')
    const [, section = ''] = readme.split('\n## Testing your app\n')
    const [, example = ''] = /```ts\n(.*?)```/s.exec(section) ?? []
    const [, settings = ''] = /```json\n(.*?)```/s.exec(section) ?? []
    const project = await openProject('jest')
    await project.install(sdk, 'jest@30.2.0', 'jest-environment-jsdom@30.2.0', '@babel/preset-env@7.28.5')
    await project.write({
      'package.json': '{ "name": "fresh", "private": true }\n',
      'babel.config.json': '{ "presets": [["@babel/preset-env", { "targets": { "node": "current" } }]] }\n',
      'jest.config.json': settings,
      'app.test.js': `let saved = false\nconst save = () => { saved = true }\n${example}`,
    })
    await project.run('node', 'node_modules/jest/bin/jest.js', '--ci')
  },
  BUILD_MS,
)

describe.skipIf(!isReachable)('the packed types', () => {
  test(
    'hold in every TypeScript from 5.4 to 7, for bundlers and for Node',
    async () => {
      const project = await openProject('types')
      const compilers = {
        ts54: '5.4.5',
        ts55: '5.5.4',
        ts56: '5.6.3',
        ts57: '5.7.3',
        ts58: '5.8.3',
        ts59: '5.9.3',
        ts60: '6.0.3',
        ts70: '7.0.2',
      }
      const aliases = Object.entries(compilers).map(([name, version]) => `${name}@npm:typescript@${version}`)
      await project.install(sdk, ...aliases, 'react@19.2.3', '@types/react@19.2.18', 'vue@3.5.45')
      await project.write({ 'app.ts': await readFile(join(import.meta.dirname, 'types/app.ts'), 'utf8') })
      const settings = {
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        target: 'es2022',
        types: [],
      }
      const kinds = {
        bundler: { module: 'esnext', moduleResolution: 'bundler' },
        node: { module: 'nodenext', moduleResolution: 'nodenext' },
      }
      for (const [kind, resolution] of Object.entries(kinds)) {
        // React's and Vue's own declarations are theirs to keep; all of ours are read through app.ts.
        const compilerOptions = { ...settings, ...resolution, skipLibCheck: true }
        const text = JSON.stringify({ compilerOptions, include: ['app.ts'] })
        await project.write({ [`${kind}.json`]: text })
        for (const name of Object.keys(compilers))
          expect(await project.run('node', `node_modules/${name}/bin/tsc`, '-p', `${kind}.json`)).toBe('')
      }
      // The oldest that package.json allows, and one that lacks names of its neighbours.
      for (const version of ['3.3.0', '3.4.0']) {
        await project.install(`vue@${version}`)
        expect(await project.run('node', 'node_modules/ts56/bin/tsc', '-p', 'bundler.json')).toBe('')
      }
    },
    BUILD_MS,
  )
})
