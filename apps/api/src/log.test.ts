import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { expect, test } from 'vitest'

const LOG = path.join(import.meta.dirname, 'log.ts')

/** A process of its own that logs, once it is told that its reader is there or gone; what it wrote, and how it ended. */
async function run(program: string, { isRead = true } = {}) {
  const text = `
    import { once } from 'node:events'
    import { createLog } from ${JSON.stringify(LOG)}
    const log = createLog('info')
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    await once(process.stdin, 'data')
    process.stdin.destroy()
    ${program}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', text])
  let out = ''
  if (isRead) child.stdout.on('data', (chunk) => (out += chunk))
  else {
    child.stdout.destroy()
    await once(child.stdout, 'close')
  }
  child.stdin.end('go')
  let errors = ''
  child.stderr.on('data', (chunk) => (errors += chunk))
  const [code, signal] = await once(child, 'close')
  const lines = out.split('\n').filter((line) => line !== '')
  return { code, signal, errors, lines: lines.map((line) => JSON.parse(line) as { msg: string; n: number }) }
}

test.each([
  ['runs to its end', '', 0],
  ['says that it ends', 'process.exit(3)', 3],
  ['says so later', 'await turn(); log.info({ n: 3 }, "x"); process.exit(3)', 3],
  ['throws', 'throw new Error("on purpose")', 1],
  ['throws later', 'await turn(); log.info({ n: 3 }, "x"); throw new Error("on purpose")', 1],
  ['has a rejection nobody minds', 'Promise.reject(new Error("on purpose"))', 1],
])('a process that %s has written all its lines', async (_, ending, code) => {
  const isLater = ending.startsWith('await turn')
  const ended = await run(`for (const n of [0, 1, 2]) log.info({ n }, 'x')\n${ending}`)
  expect(ended.code).toBe(code)
  expect(ended.lines.map(({ n }) => n)).toEqual(isLater ? [0, 1, 2, 3] : [0, 1, 2])
})

test('more than a pipe holds comes whole and in order', async () => {
  const { lines, code } = await run(`
    const filler = 'f'.repeat(500)
    for (let part = 0; part < 20; part += 1) {
      for (let n = 0; n < 500; n += 1) log.info({ n: part * 500 + n, filler }, 'x')
      if (part % 2) await turn()
    }`)
  expect(code).toBe(0)
  expect(lines.map(({ n }) => n)).toEqual(Array.from({ length: 10_000 }, (_, n) => n))
})

test('a reader that went away does not end the process', async () => {
  const { code, errors } = await run(
    `for (let n = 0; n < 50; n += 1) { log.info({ n }, 'x'); await turn() }
     process.stderr.write('still here')`,
    { isRead: false },
  )
  expect(errors).toContain('still here')
  expect(code).toBe(0)
})

test('what may be a secret is not written', async () => {
  const { lines } = await run(
    `log.info({ n: 1, password: 'hunter2', deep: { authorization: 'Bearer x' } }, 'x')`,
  )
  expect(JSON.stringify(lines)).not.toMatch(/hunter2|Bearer x/)
  expect(lines).toHaveLength(1)
})
