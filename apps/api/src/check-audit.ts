/**
 * `npm run check-audit`: exit code 0 when the audit log is whole, 1 with every finding when it is not, 2 when it
 * could not look.
 *
 * Prints where the chain ends; kept elsewhere and given back as `--head 1042:9f86…` at the next run, it shows whether
 * the end was cut off since.
 *
 * @module
 */
import { verifyChain } from './audit/verify-chain.ts'
import { runCommand } from './command.ts'
import { readArguments, refuseArguments } from './read-arguments.ts'

const HELP = `npm run check-audit -- [--head 1042:9f86…]

  Computes the chain over the audit log again, changes nothing, and prints where it ends.
  --head  where an earlier run said that it ended: then an end that was cut off since is found, too
  Ends with 0 when the log is whole, 1 with every finding when it is not, 2 when it could not look.`
const noTables = 'This database has no tables yet, so there is nothing to check.'

const { values } = readArguments(HELP, { options: { head: { type: 'string' } } })
const [, sequence, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(values.head ?? '') ?? []
if (values.head !== undefined && hash === undefined)
  refuseArguments('--head looks like 1042:9f86…, as an earlier run printed it')
const known = hash === undefined ? undefined : { sequence: Number(sequence), hash }

await runCommand({ noTables }, async ({ config, db }) => {
  const { findings, links, head } = await db.inBatch(
    (tx) => verifyChain(tx, { sealing: config, known, now: new Date() }),
    { isOneView: true, statementTimeoutMs: 600_000 },
  )
  for (const finding of findings) process.stdout.write(`WRONG  ${finding}\n`)
  const verdict = findings.length === 0 ? 'the audit log is whole' : `${findings.length} findings`
  process.stdout.write(`${verdict}: ${links} links, head ${head.sequence}:${head.hash}\n`)
  return findings.length === 0
})
