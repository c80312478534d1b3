/**
 * `npm run rotate-keys`: adds a signing key and says from when it signs. Running sessions go on undisturbed.
 *
 * @module
 */
import { recordAction } from './audit/record-action.ts'
import { systemClock } from './clock.ts'
import { runCommand } from './command.ts'
import { addSigningKey, createKeyRing, KEY_LEAD_MINUTES } from './keys/key-ring.ts'
import { readArguments } from './read-arguments.ts'

const HELP = `npm run rotate-keys

  Adds a signing key. It is published at once and signs ${KEY_LEAD_MINUTES} minutes later; the old one stays published longer than any
  JWT it signed, so that nobody is thrown out. Ends with 2 when it could not be done.`
const noTables = 'This database has no tables yet: start the API once, it makes its first key.'

readArguments(HELP)
await runCommand({ noTables, poolSize: 1 }, async ({ config, db }) => {
  const { keyEncryptionKey, openingKeys, publicUrl: issuer } = config
  // Refuses a key that does not open what signs now: what it seals, no instance could open.
  await createKeyRing({ db, clock: systemClock, issuer, keyEncryptionKey, openingKeys })
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
