/**
 * `npm start --workspace examples/provider-…`: lists the example at a marketplace that runs already, and
 * serves it.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { buildSdkIfOld } from './build-sdk.ts'
import { type Listing, seedDemo } from './seed-demo.ts'

const folder = process.cwd()
const root = resolve(import.meta.dirname, '..')
const apiUrl = (process.env.API_URL || 'http://localhost:4000').replace(/\/+$/, '')
const marketplaceUrl = (process.env.MARKETPLACE_URL || 'http://localhost:4001').replace(/\/+$/, '')
const { scripts, listing } = JSON.parse(await readFile('package.json', 'utf8')) as {
  scripts: Record<string, string>
  listing: Listing & { port: number }
}
const port = process.env.PORT || String(listing.port)
const appUrl = `http://localhost:${port}`

await buildSdkIfOld()
const providerId = process.env.PROVIDER_ID || (await list())
const environment = {
  ...process.env,
  API_URL: apiUrl,
  MARKETPLACE_URL: marketplaceUrl,
  PROVIDER_ID: providerId,
}

if (scripts.build) await run(scripts.build)
console.log(`
${listing.name} is served at ${appUrl}

  ${marketplaceUrl}/#/apps/${providerId}   open this to start a session with it
`)
await run(scripts.build ? `${scripts.serve} --port ${port}` : scripts.serve!)

async function list(): Promise<string> {
  const isThere = await fetch(`${apiUrl}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  )
  if (!isThere) {
    console.error(`No marketplace answers at ${apiUrl}. Run "npm start" beside this, or set API_URL.`)
    process.exit(1)
  }
  const dataDir = resolve(root, process.env.DATA_DIR || '.data')
  await mkdir(dataDir, { recursive: true })
  return await seedDemo({ apiUrl, dataDir, appUrl, listing })
}

/** Runs one of the example's scripts as npm would, and ends with it. */
async function run(script: string): Promise<void> {
  const [program, ...parameters] = script.split(' ')
  const isNode = program === 'node'
  const child = spawn(isNode ? process.execPath : program!, parameters, {
    cwd: folder,
    env: { ...environment, PORT: port },
    stdio: 'inherit',
    shell: !isNode && process.platform === 'win32',
  })
  const pass = (signal: NodeJS.Signals) => child.kill(signal)
  process.on('SIGINT', pass).on('SIGTERM', pass)
  const code = await new Promise<number>((done) => {
    child.once('error', () => done(1)).once('close', (status) => done(status ?? 0))
  })
  process.off('SIGINT', pass).off('SIGTERM', pass)
  if (code !== 0) process.exit(code)
}
