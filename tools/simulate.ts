/**
 * `npm run simulate -- --seed 42 --hours 24`: a market on a virtual clock with every fault there is, held against an
 * independent model. The last line printed is the verdict.
 *
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../apps/api/src/embedded-postgres.ts'
import { migrate } from '../apps/api/src/migrate.ts'
import { readArguments } from '../apps/api/src/read-arguments.ts'
import { runMutations } from '../apps/api/test/simulation/mutations.ts'
import { CHEATS, cheatsOf, EXCEPTIONS, HONEST } from '../apps/api/test/simulation/profiles.ts'
import { report } from '../apps/api/test/simulation/report.ts'
import { simulate } from '../apps/api/test/simulation/simulation.ts'

/** An hour of it ends within three minutes on two cores. */
const PEOPLE = 52
const HELP = `npm run simulate -- [--seed 42] [--hours 1] [--people ${PEOPLE}] [--faults 1] [--class NAME]… [--explain NAME] [--skew=MS] [--sdk] [--mutations]

  --seed       repeats a run exactly
  --hours      of virtual time
  --people     per class of faults; there are ${HONEST.length + EXCEPTIONS.length} classes, and ${CHEATS.length} of cheats (${cheatsOf(PEOPLE)} people each, a tenth of more than fifty)
  --faults     how many times as often as usual everything goes wrong
  --class      only this class, may be repeated
  --explain    of this class, where the time went in the sessions that are furthest off
  --skew       how far the clock of the second instance is off, e.g. --skew=-2000; then the books are judged, and no percentages
  --sdk        pages run the SDK itself, on a browser's ports that are simulated; else what is written after it, which is quicker
  --mutations  plants known bugs, one at a time, and shows which the simulation catches`

const { values } = readArguments(HELP, {
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    hours: { type: 'string', default: '1' },
    people: { type: 'string' },
    faults: { type: 'string', default: '1' },
    class: { type: 'string', multiple: true },
    explain: { type: 'string' },
    skew: { type: 'string', default: '0' },
    sdk: { type: 'boolean', default: false },
    mutations: { type: 'boolean', default: false },
  },
})
const hours = Number(values.hours)
// A long run is a long run.
const people = Number(values.people ?? PEOPLE)
const skewMs = Number(values.skew)
const faults = Number(values.faults)
if (!(faults > 0) || !Number.isSafeInteger(skewMs) || !(hours > 0) || !(people > 0)) {
  process.stdout.write(`${HELP}\n`)
  process.exit(2)
}
process.exitCode = await main()

async function main(): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), 'token-marketplace-simulation-'))
  // The simulation is about what survives a crash of ours, not of the disk.
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', autovacuum: 'off' }
  const postgres = await startEmbeddedPostgres({ dataDir, settings })
  const say = (line: string) => process.stdout.write(`${line}\n`)
  try {
    if (values.mutations) return await runMutations({ databaseUrl: postgres.url, seed: values.seed, say })
    await migrate(postgres.url)
    say(`seed ${values.seed}, ${hours} virtual hours, ${people} people per class`)
    const result = await simulate({
      databaseUrl: postgres.url,
      seed: values.seed,
      hours,
      peoplePerClass: people,
      ...(values.class && { classes: values.class }),
      ...(values.explain && { explain: values.explain }),
      skewMs,
      faults,
      isSdk: values.sdk,
      onProgress: say,
    })
    for (const line of report(result)) say(line)
    return result.wrong.length === 0 ? 0 : 1
  } catch (error) {
    say(
      `${(error as Error).name === 'SimulationFailure' ? (error as Error).message : (error as Error).stack}`,
    )
    say(`VERDICT: failed, seed ${values.seed}: npm run simulate -- ${repeating().join(' ')}`)
    return 1
  } finally {
    await postgres.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** What repeats this very run. */
function repeating(): string[] {
  const seed = `--seed ${values.seed}`
  if (values.mutations) return [seed, '--mutations']
  return [
    seed,
    `--hours ${hours} --people ${people}`,
    ...(faults === 1 ? [] : [`--faults ${faults}`]),
    ...(skewMs === 0 ? [] : [`--skew=${skewMs}`]),
    ...(values.sdk ? ['--sdk'] : []),
    ...(values.class ?? []).map((name) => `--class ${JSON.stringify(name)}`),
  ]
}
