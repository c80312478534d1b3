import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addProvider, addUser, startTestApi, type TestApi } from '../apps/api/test/harness.ts'

const hasShell = ['bash', 'curl', 'grep'].every((program) => spawnSync(program, ['--version']).status === 0)
const ELLIPSIS = '…'
const MARK = '=== block'

interface Step {
  script: string
  /** What the block after it says that it prints. */
  promised: unknown
  secondsBefore: number
}

let api: TestApi
let apiUrl: string
let clockServer: Server

beforeAll(async () => {
  api = await startTestApi()
  apiUrl = await api.app.listen({ port: 0, host: '127.0.0.1' })
  await addProvider(api, { ownerId: (await addUser(api)).id, name: 'Stille' })
  clockServer = createServer((request, response) => {
    api.clock.advance({ seconds: Number(request.url?.slice(1)) })
    response.end()
  })
  await new Promise<void>((resolve) => clockServer.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  clockServer?.close()
  await api?.close()
})

/** The transcript: each `sh` block, with the `json` block that follows it. */
function readSteps(): Step[] {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
  const parts = readme.matchAll(/<!-- the test lets (\d+) seconds pass -->|```(sh|json)\n(.*?)```/gs)
  const steps: Step[] = []
  let secondsBefore = 0
  for (const [, seconds, language, text] of parts) {
    if (seconds) secondsBefore = Number(seconds)
    else if (language === 'sh') {
      steps.push({ script: text!, promised: undefined, secondsBefore })
      secondsBefore = 0
    } else steps.at(-1)!.promised = JSON.parse(text!)
  }
  return steps
}

/** What is promised, with an ellipsis standing for any text. */
function toExpectation(promised: unknown): unknown {
  if (promised === ELLIPSIS) return expect.any(String)
  if (Array.isArray(promised)) return promised.map(toExpectation)
  if (promised === null || typeof promised !== 'object') return promised
  return expect.objectContaining(
    Object.fromEntries(Object.entries(promised).map(([name, value]) => [name, toExpectation(value)])),
  )
}

async function runInBash(script: string): Promise<string> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script])
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`The transcript ended with ${code}:\n${said}`)
  return said
}

test.runIf(hasShell)('the journey in the README is what the API answers', async () => {
  const { port } = clockServer.address() as AddressInfo
  const steps = readSteps()
  expect(steps.length).toBeGreaterThan(6)
  const script = steps
    .map(({ script: block, secondsBefore }) => {
      const pass = secondsBefore > 0 ? `curl -sS http://127.0.0.1:${port}/${secondsBefore}\n` : ''
      return `${pass}echo; echo '${MARK}'\n${block}`
    })
    .join('\n')
  // The checkout's address has the API's own name for itself in it.
  const at = (text: string) => text.replaceAll('http://localhost:4000', apiUrl)
  const said = await runInBash(
    at(script).replace('| field checkoutUrl)', `| field checkoutUrl | sed "s#http://localhost:4000#$api#")`),
  )
  const printed = said.split(MARK).slice(1)
  expect(printed.length).toBe(steps.length)
  for (const [index, { promised }] of steps.entries()) {
    if (promised !== undefined) expect(JSON.parse(printed[index]!)).toEqual(toExpectation(promised))
  }
})
