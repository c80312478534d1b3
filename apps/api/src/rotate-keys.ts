/**
 * `npm run rotate-keys`: adds a signing key and says from when it signs. Running sessions go on undisturbed.
 *
 * @module
 */
import { recordAction } from './audit/record-action.ts'
import { runCommand } from './command.ts'
import { addSigningKey, KEY_LEAD_MINUTES } from './keys/key-ring.ts'
import { refuseWrongKey } from './keys/refuse-wrong-key.ts'

const noTables = 'This database has no tables yet: start the API once, it makes its first key.'

await runCommand({ noTables, poolSize: 1 }, async ({ config: { keyEncryptionKey, openingKeys }, db }) => {
  await refuseWrongKey(db, { openingKeys, now: new Date() })
  const { kid, signsFrom } = await db.inBatch(async (tx) => {
    const now = new Date()
    const added = await addSigningKey(tx, { keyEncryptionKey, now })
    await recordAction(tx, {
      by: { command: 'rotate-keys' },
      action: 'signing_key.add',
      subjectId: added.kid,
      now,
    })
    return added
  })
  process.stdout.write(
    `key ${kid} is published and signs from ${signsFrom.toISOString()}, in ${KEY_LEAD_MINUTES} minutes\n`,
  )
  return true
})
