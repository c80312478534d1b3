/**
 * `npm run compare-sizes`: weighs SDKs that people know beside ours, each bundled the same way, and
 * writes the table in `docs/sdk/size.md`.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { readArguments } from '../apps/api/src/read-arguments.ts'
import { createProject, isRegistryReachable, packSdk } from './temp-project.ts'
import { root } from './tracked-files.ts'

const HELP = `npm run compare-sizes

  Bundles SDKs that people know, from the registry, each the same way, and writes the table in docs/sdk/size.md.`
const PAGE = join(root, 'docs/sdk/size.md')
const START = '<!-- written by npm run compare-sizes -->'
const END = '<!-- end -->'

export interface Compared {
  name: string
  version: string
  /** The least that its own quick start asks for. */
  use: string
  does: string
}

export const compared: Compared[] = [
  {
    name: '@stripe/stripe-js',
    version: '10.2.1',
    use: `import { loadStripe } from '@stripe/stripe-js'\nglobalThis.x = loadStripe('pk_test_1')`,
    does: 'a loader: it adds a script tag, and Stripe.js itself, many times as large, comes from js.stripe.com',
  },
  {
    name: 'launchdarkly-js-client-sdk',
    version: '3.9.5',
    use: `import { initialize } from 'launchdarkly-js-client-sdk'\nglobalThis.x = initialize('id', { kind: 'user', key: 'k' })`,
    does: 'feature flags with streaming updates and events',
  },
  {
    name: '@auth0/auth0-spa-js',
    version: '2.26.0',
    use: `import { createAuth0Client } from '@auth0/auth0-spa-js'\nglobalThis.x = createAuth0Client({ domain: 'd', clientId: 'c' })`,
    does: 'signing in by redirect or popup, tokens kept and refreshed',
  },
  {
    name: 'keycloak-js',
    version: '26.2.4',
    use: `import Keycloak from 'keycloak-js'\nglobalThis.x = new Keycloak({ url: 'u', realm: 'r', clientId: 'c' }).init()`,
    does: 'signing in by OpenID Connect, tokens refreshed',
  },
  {
    name: '@sentry/browser',
    version: '11.12.0',
    use: `import * as Sentry from '@sentry/browser'\nSentry.init({ dsn: 'https://k@o1.ingest.sentry.io/1' })`,
    does: 'error reports with breadcrumbs; without tracing and replay, which add more',
  },
  {
    name: 'firebase',
    version: '12.19.0',
    use: `import { initializeApp } from 'firebase/app'\nimport { getAuth, onAuthStateChanged, signInWithEmailAndPassword } from 'firebase/auth'
const auth = getAuth(initializeApp({ apiKey: 'k' }))\nonAuthStateChanged(auth, () => {})\nsignInWithEmailAndPassword(auth, 'e', 'p')`,
    does: '`firebase/auth`: accounts, many ways of signing in, several tabs in step',
  },
  {
    name: '@supabase/supabase-js',
    version: '2.119.1',
    use: `import { createClient } from '@supabase/supabase-js'\nglobalThis.x = createClient('https://x.supabase.co', 'k')`,
    does: 'accounts, database, storage and realtime in one client',
  },
  {
    name: 'mixpanel-browser',
    version: '2.83.0',
    use: `import mixpanel from 'mixpanel-browser'\nmixpanel.init('k')\nmixpanel.track('e')`,
    does: 'product analytics, with its session recorder in the bundle',
  },
  {
    name: 'posthog-js',
    version: '1.449.2',
    use: `import posthog from 'posthog-js'\nposthog.init('k', { api_host: 'https://us.i.posthog.com' })`,
    does: 'product analytics, flags, surveys; the recorder comes on demand',
  },
  {
    name: '@clerk/clerk-js',
    version: '6.40.0',
    use: `import { Clerk } from '@clerk/clerk-js'\nglobalThis.x = new Clerk('pk_test_ZXhhbXBsZS5jb20k').load()`,
    does: 'accounts and organisations; its React package loads it from Clerk’s own servers instead, in chunks',
  },
]

const ours: Compared = {
  name: '@token-marketplace/sdk',
  version: '',
  use: `import { createMarketplaceSession } from '@token-marketplace/sdk'\nglobalThis.x = createMarketplaceSession({ apiUrl: 'a', providerId: 'p' })`,
  does: 'launch, verification, time on two clocks, heartbeats, tabs, countdown, dialog, way back',
}

interface Weight {
  /** What a page loads before it can do anything, gzipped. */
  atOnce: number
  /** The same with every chunk that may be loaded later. */
  inAll: number
}

/** Installs, bundles and weighs everything; gives the rows of the table, lightest first. */
async function weighAll(): Promise<string[]> {
  const project = await createProject('sizes')
  try {
    const packed = await packSdk(project.folder)
    await project.install(packed, ...compared.map(({ name, version }) => `${name}@${version}`))
    const { version } = JSON.parse(readFileSync(join(root, 'packages/sdk/package.json'), 'utf8'))
    const rows: { weight: Weight; text: string }[] = []
    for (const each of [{ ...ours, version }, ...compared]) {
      const weight = await weigh(project.folder, each)
      const name = each.name === ours.name ? `**${each.name}**` : each.name
      const sizes = `${toKilobytes(weight.atOnce)} | ${toKilobytes(weight.inAll)}`
      rows.push({ weight, text: `| ${name} ${each.version} | ${sizes} | ${each.does} |` })
      console.log(rows.at(-1)!.text)
    }
    return rows.sort((one, other) => one.weight.atOnce - other.weight.atOnce).map(({ text }) => text)
  } finally {
    await project.remove()
  }
}

async function weigh(folder: string, { name, use }: Compared): Promise<Weight> {
  const entry = join(folder, `${name.replace(/\W/g, '-')}.js`)
  writeFileSync(entry, use)
  const built = await build({
    root: folder,
    configFile: false,
    logLevel: 'silent',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      target: 'es2022',
      write: false,
      minify: true,
      modulePreload: false,
      rolldownOptions: { input: entry },
    },
  })
  const { output } = (Array.isArray(built) ? built[0] : built) as unknown as { output: Chunk[] }
  const chunks = new Map(
    output.filter(({ type }) => type === 'chunk').map((chunk) => [chunk.fileName, chunk]),
  )
  const first = [...chunks.values()].find(({ isEntry }) => isEntry)!
  const atOnce = new Set<Chunk>()
  const visit = (chunk: Chunk) => {
    if (atOnce.has(chunk)) return
    atOnce.add(chunk)
    for (const imported of chunk.imports) if (chunks.has(imported)) visit(chunks.get(imported)!)
  }
  visit(first)
  const weightOf = (each: Iterable<Chunk>) =>
    [...each].reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0)
  return { atOnce: weightOf(atOnce), inAll: weightOf(chunks.values()) }
}

interface Chunk {
  type: string
  fileName: string
  isEntry: boolean
  imports: string[]
  code: string
}

const toKilobytes = (bytes: number) => (bytes / 1000).toFixed(1)

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  readArguments(HELP)
  if (!(await isRegistryReachable('the comparison of sizes'))) process.exit(1)
  const rows = await weighAll()
  const head = ['| Package | at once, kB | in all, kB | What it does |', '|---|--:|--:|---|']
  const page = readFileSync(PAGE, 'utf8')
  const [before, rest] = page.split(START) as [string, string]
  const after = rest.slice(rest.indexOf(END))
  writeFileSync(PAGE, `${before}${START}\n\n${[...head, ...rows].join('\n')}\n\n${after}`)
}
