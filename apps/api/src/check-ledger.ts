/**
 * `npm run check-ledger`: exit code 0 when the books are right, 1 with every finding when they are not, 2 when it
 * could not look.
 *
 * @module
 */
import { runCommand } from './command.ts'
import { checkLedger } from './ledger/check-ledger.ts'
import { readArguments } from './read-arguments.ts'

const HELP = `npm run check-ledger

  Proves the books of the database it is pointed at, and changes nothing.
  Ends with 0 when they are right, 1 with every finding when they are not, 2 when it could not look.`
const noTables = 'This database has no tables yet, so there is nothing to check.'

readArguments(HELP)
await runCommand({ noTables }, async ({ db }) => {
  const { findings, transfers, wallets, openHolds } = await db.inBatch(checkLedger, {
    isOneView: true,
    statementTimeoutMs: 600_000,
  })
  for (const { rule, tenantId, subject, detail } of findings) {
    process.stdout.write(`WRONG  ${rule}: ${tenantId}/${subject}: ${detail}\n`)
  }
  const verdict = findings.length === 0 ? 'the ledger is right' : `${findings.length} findings`
  process.stdout.write(`${verdict}: ${transfers} transfers, ${wallets} wallets, ${openHolds} open holds\n`)
  return findings.length === 0
})
