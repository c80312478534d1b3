// Runs before `npm start`, `npm test` and `npm run check`, on whatever Node (>= 20) the machine has:
// installs when node_modules is missing or differs from the lock file, and makes sure that the
// scripts which follow run on the Node that comes with it. Says nothing when there is nothing to do.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NODE_MAJOR = 24
const root = fileURLToPath(new URL('..', import.meta.url))
const isWindows = process.platform === 'win32'

if (!isInstalled()) install()
checkNode()

/** npm writes the hidden lock file last, so that an install cut short counts as none. */
function isInstalled() {
  const wanted = readPackages(join(root, 'package-lock.json'))
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'))
  if (!wanted)
    fail('package-lock.json is missing or damaged: restore it with "git checkout package-lock.json".')
  if (!installed) return false
  return Object.entries(wanted).every(([path, { version, link, optional, devOptional }]) => {
    if (!path.includes('node_modules/')) return true
    const found = installed[path]
    // An optional package is absent where it is meant for another platform.
    if (!found) return Boolean(optional || devOptional)
    return link ? found.link === link : found.version === version
  })
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages
  } catch {
    return undefined
  }
}

function install() {
  process.stderr.write('Installing the dependencies (npm ci) …\n')
  const parameters = [
    'ci',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]
  const npm = process.env.npm_execpath ?? ''
  const [command, first] = /npm-cli\.[cm]?js$/.test(npm)
    ? // The Node that runs npm, not the one in node_modules: npm is about to replace that one.
      [process.env.npm_node_execpath ?? process.execPath, [npm]]
    : ['npm', []]
  const run = spawnSync(command, [...first, ...parameters], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: command === 'npm' && isWindows,
    env: { ...process.env, NODE_ENV: '', npm_config_update_notifier: 'false' },
  })
  if (run.error) fail(`npm could not be run (${run.error.message}).`)
  if (run.status !== 0) fail('npm ci failed: its own message is above.')
}

function checkNode() {
  const own = join(root, 'node_modules', '.bin', isWindows ? 'node.cmd' : 'node')
  const node = existsSync(own) ? own : process.execPath
  const run = spawnSync(node, ['--version'], { encoding: 'utf8', shell: isWindows && node === own })
  const version = run.status === 0 ? run.stdout.trim() : undefined
  if (Number(version?.slice(1).split('.')[0]) >= NODE_MAJOR) return
  if (node === own) {
    const cause = run.error?.message ?? (run.stderr.trim() || `it is ${version}`)
    fail(
      `Node ${NODE_MAJOR} from node_modules does not run here: ${cause}. Install Node ${NODE_MAJOR} and remove node_modules/.bin/node.`,
    )
  }
  fail(
    `Node ${NODE_MAJOR} is needed and this is ${process.version}. npm installed none for ${process.platform}-${process.arch}: ` +
      `either there is no such package, or optional packages are left out (npm config get omit). Install Node ${NODE_MAJOR} or run "npm ci --include=optional".`,
  )
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
