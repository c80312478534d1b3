/**
 * What stands behind the name of a command is asked before anything is done: `--help` explains, what is unknown is refused.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { root } from './tracked-files.ts'

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}
/** Those that run a program of ours; `pre…` belongs to another, and npm hands it no arguments. */
const commands = Object.entries(scripts).flatMap(([name, line]) => {
  const [, file] = /^node (\S+\.ts)$/.exec(line) ?? []
  return file === undefined ? [] : [{ name, file }]
})

/** In an environment that none of them could work in: whoever went on would say so. */
async function run(file: string, ...parameters: string[]) {
  const child = spawn(process.execPath, [join(root, file), ...parameters], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', DATABASE_URL: 'mysql://nowhere' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code, out, err }
}

test('the commands are found', () => {
  const names = commands.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['api', 'start', 'migrate', 'rotate-keys', 'reseal', 'bench']))
})

test.each(commands)('npm run $name -- --help explains, and does nothing', async ({ name, file }) => {
  const { code, out, err } = await run(file, '--help')
  expect([code, err]).toEqual([0, ''])
  expect(out.split('\n')[0]).toMatch(new RegExp(`^npm (run )?${name}( -- .+)?$`))
  const lines = out.trimEnd().split('\n').length
  expect([lines >= 2, lines <= 16]).toEqual([true, true])
})

test.each(commands)('npm run $name refuses in one line what it does not know', async ({ file }) => {
  for (const said of await Promise.all([run(file, '--nonsense'), run(file, 'nonsense')]))
    expect(said).toEqual({
      code: 2,
      out: '',
      err: expect.stringMatching(/^[^\n]+: see --help\n$/),
    })
})
