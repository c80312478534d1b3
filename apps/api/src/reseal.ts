/**
 * `npm run reseal`: seals with `KEY_ENCRYPTION_KEY` what still is with `KEY_ENCRYPTION_KEY_ALSO`. Instances that know
 * both go on undisturbed. Exit code 1 when something opens with neither, 2 when it could not be done: also where neither opens
 * the signing keys, which is the wrong environment.
 *
 * @module
 */
import { beginStretch } from './audit/begin-stretch.ts'
import { recordAction } from './audit/record-action.ts'
import { systemClock } from './clock.ts'
import { runCommand } from './command.ts'
import { createKeyRing } from './keys/key-ring.ts'
import { readArguments } from './read-arguments.ts'
import { resealColumn, SEALED_COLUMNS } from './reseal-columns.ts'

const HELP = `npm run reseal

  Seals with KEY_ENCRYPTION_KEY what still is with KEY_ENCRYPTION_KEY_ALSO, while everything runs. May be stopped and run again.
  Ends with 0 when everything opens with KEY_ENCRYPTION_KEY, 1 when something opens with neither, 2 when it could not be done.
  docs/operations/changing-the-key.md has the steps.`
const SHOWN_MAX = 20
const noTables = 'This database has no tables yet, so there is nothing to seal.'

readArguments(HELP)
await runCommand({ noTables, poolSize: 1 }, async ({ config, db }) => {
  const { keyEncryptionKey, openingKeys, publicUrl: issuer } = config
  // Refuses a key that does not open what signs now: what it seals, no instance could open.
  await createKeyRing({ db, clock: systemClock, issuer, keyEncryptionKey, openingKeys })
  const print = (line: string) => process.stdout.write(`${line}\n`)
  const unreadable: string[] = []
  let resealed = 0
  const now = new Date()
  await db.inBatch((tx) => beginStretch(tx, { sealing: config, now }))
  for (const column of SEALED_COLUMNS) {
    const report = await resealColumn(db, column, config)
    print(`${report.table}.${report.column}: ${report.opened} open, ${report.resealed} sealed anew`)
    unreadable.push(...report.unreadable)
    resealed += report.resealed
  }
  if (resealed > 0) {
    await db.inBatch((tx) =>
      recordAction(tx, {
        by: { command: 'reseal' },
        action: 'encryption_key.change',
        after: { resealed },
        now,
      }),
    )
  }
  for (const place of unreadable.slice(0, SHOWN_MAX)) print(`WRONG  ${place} opens with no key`)
  print(
    unreadable.length === 0
      ? 'everything opens with KEY_ENCRYPTION_KEY alone'
      : `${unreadable.length} open with no key`,
  )
  return unreadable.length === 0
})
