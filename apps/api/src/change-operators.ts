/**
 * `npm run operators`: says who they are, and takes the rights of one away. Another one is made by `ADMIN_EMAIL` at a start.
 *
 * @module
 */
import { runCommand } from './command.ts'
import { ConfigError } from './config.ts'
import { normalizeEmail } from './email.ts'
import { listOperators, removeOperator } from './operators/remove-operator.ts'
import { readArguments, refuseArguments } from './read-arguments.ts'

const HELP = `npm run operators -- [--remove EMAIL [--reason TEXT]]

  Lists the operators.
  --remove  makes this one an ordinary user, at once; not the last one. On record in the audit log
  --reason  why, for the audit log
  Another one is made by ADMIN_EMAIL and ADMIN_PASSWORD at a start. Ends with 2 when it could not be done.`
const noTables =
  'This database has no tables yet: start the API once, it makes the first operator from ADMIN_EMAIL.'

const { values } = readArguments(HELP, {
  options: { remove: { type: 'string' }, reason: { type: 'string' } },
})
const { remove: email, reason } = values
if (email === undefined && reason !== undefined) refuseArguments('--reason belongs to --remove')

await runCommand({ noTables, poolSize: 1 }, async ({ config, db }) => {
  const print = (line: string) => process.stdout.write(`${line}\n`)
  if (email === undefined) {
    for (const operator of await db.inBatch(listOperators)) print(`${operator.id}  ${operator.email}`)
    return true
  }
  const atStart = config.adminEmail && normalizeEmail(config.adminEmail)?.normalized
  if (atStart !== undefined && atStart === normalizeEmail(email)?.normalized)
    throw new ConfigError(
      `ADMIN_EMAIL would make ${email} an operator again at the next start: change that first`,
    )
  const removed = await db.inBatch((tx) =>
    removeOperator(tx, { email, by: { command: 'operators' }, reason, now: new Date() }),
  )
  print(`${removed.email} is no operator any more`)
  return true
})
