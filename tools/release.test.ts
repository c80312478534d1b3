import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rehearseRelease } from './release.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'changesets-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function writeChangesets(name: string, changesets: Record<string, string>): string {
  const path = join(folder, name)
  mkdirSync(path)
  writeFileSync(
    join(path, 'config.json'),
    '{ "changelog": "@changesets/changelog-git", "baseBranch": "main" }',
  )
  for (const [file, text] of Object.entries(changesets)) writeFileSync(join(path, file), text)
  return path
}

test('a changeset raises the version and is told in the changelog', async () => {
  const path = writeChangesets('minor', {
    'new-thing.md': "---\n'@token-marketplace/sdk': minor\n---\n\nThere is a new thing.\n",
  })
  const release = await rehearseRelease('packages/sdk', path)
  expect(release.versionAfter).not.toBe(release.versionBefore)
  expect(release.changelog).toContain(`## ${release.versionAfter}`)
  expect(release.changelog).toContain('There is a new thing.')
  expect(release).toMatchObject({ waiting: ['new-thing.md'], left: [] })
})

test('without changesets nothing is released', async () => {
  const release = await rehearseRelease('packages/sdk', writeChangesets('none', {}))
  expect(release).toMatchObject({ versionAfter: release.versionBefore, waiting: [], left: [] })
})

test('a changeset for a package that does not exist stops the release', async () => {
  const path = writeChangesets('foreign', {
    'typo.md': "---\n'@token-marketplace/sdx': minor\n---\n\nA typing mistake.\n",
  })
  await expect(rehearseRelease('packages/sdk', path)).rejects.toThrow('sdx')
})
