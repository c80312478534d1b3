import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { restartUnderLoad } from './rolling-restart.ts'

test('both processes are replaced under load without a failed request', async () => {
  const { calls, failed, restarts } = await restartUnderLoad(1)
  expect({ failed, restarts }).toEqual({ failed: 0, restarts: 2 })
  expect(calls).toBeGreaterThan(600)
})

test.each(['--twice', '0', 'twice'])('%s replaces nothing and does not pass for a success', (argument) => {
  const script = join(import.meta.dirname, 'rolling-restart.ts')
  const run = spawnSync(process.execPath, [script, argument], { encoding: 'utf8', timeout: 20_000 })
  expect(run).toMatchObject({ status: 2, stdout: '' })
  expect(run.stderr).toMatch(/^[^\n]+: see --help\n$/)
})
