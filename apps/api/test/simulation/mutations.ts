/**
 * Shows that the simulation can fail: plants known bugs, one at a time, and says what noticed each.
 *
 * @module
 */
import pg from 'pg'
import { isDatabaseAway } from '../../src/database-away.ts'
import { migrate } from '../../src/migrate.ts'
import { EDGES } from './edges.ts'
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.ts'
import { CHEATS, EXCEPTIONS, HONEST } from './profiles.ts'
import { simulate } from './simulation.ts'

/**
 * Those who walk along the edges have to notice every bug, whatever the seed. A market left to chance notices most of
 * them, more the larger it is.
 */
export type Watchers = 'edges' | 'chance'

type Query = (...given: unknown[]) => unknown

/** @returns the exit code: 0 when every bug that has to be noticed was, and nothing was noticed where there is none. */
export async function runMutations(options: {
  databaseUrl: string
  seed: string
  say: (line: string) => void
}): Promise<number> {
  const { databaseUrl, seed, say } = options
  const watch = (watchers: Watchers, bug?: PlantedBug) => tryBug(databaseUrl, seed, watchers, bug)
  const wrong = (await watch('edges')) ?? (await watch('chance'))
  if (wrong !== undefined) {
    say(`VERDICT: noticed without a bug: ${wrong}`)
    return 1
  }
  const count = { edges: 0, chance: 0 }
  for (const bug of PLANTED_BUGS) {
    const noticed = { edges: await watch('edges', bug), chance: await watch('chance', bug) }
    say(`${noticed.edges === undefined ? 'NOT NOTICED' : 'noticed    '}  ${bug.name}`)
    for (const watchers of ['edges', 'chance'] as const) {
      const by = noticed[watchers]
      if (by !== undefined) count[watchers] += 1
      say(`             ${watchers}: ${by?.slice(0, 200) ?? 'nothing'}`)
    }
  }
  const all = PLANTED_BUGS.length
  say(
    `VERDICT: ${count.edges} of ${all} planted bugs were noticed along the edges, ${count.chance} by chance`,
  )
  return count.edges < all ? 1 : 0
}

/**
 * A fresh database with the bug in it, and a small market on it. Percentages prove nothing in a market so small: one
 * session decides them, with the bug or without.
 *
 * @returns what noticed it; undefined when nothing did
 */
export async function tryBug(
  serverUrl: string,
  seed: string,
  watchers: Watchers,
  bug?: PlantedBug,
): Promise<string | undefined> {
  const name = `bug_${process.pid}_${bug === undefined ? 'none' : PLANTED_BUGS.indexOf(bug)}`
  const url = new URL(serverUrl)
  await onServer(serverUrl, [`drop database if exists ${name} with (force)`, `create database ${name}`])
  url.pathname = `/${name}`
  const statements = { changed: 0 }
  const isStatement = bug !== undefined && bug.sqlFunction === undefined
  const restore = isStatement ? changeStatements(bug, statements) : () => {}
  try {
    await migrate(url.href)
    if (bug?.sqlFunction !== undefined) await changeFunction(url.href, bug)
    const classes = CLASSES[watchers]
    await simulate({ databaseUrl: url.href, seed, hours: 1.1, peoplePerClass: 2, classes })
    // In a small market it may never be said; who walks along the edges has to say it.
    if (isStatement && statements.changed === 0 && watchers === 'edges')
      throw new Error(`nothing says ${bug.from}`)
    return undefined
  } catch (error) {
    // A machine too busy to answer has noticed nothing.
    if (isDatabaseAway(error) || /^nothing says|got 503/.test((error as Error).message)) throw error
    return (error as Error).message.split('\n', 1)[0]
  } finally {
    restore()
    await onServer(serverUrl, [`drop database if exists ${name} with (force)`])
  }
}

const CLASSES: Record<Watchers, readonly string[]> = {
  edges: [EDGES.name],
  chance: [...HONEST, ...EXCEPTIONS, ...CHEATS].map(({ name }) => name),
}

function changeStatements({ from, to }: PlantedBug, count: { changed: number }): () => void {
  const original = pg.Client.prototype.query as Query
  const changed: Query = function (this: pg.Client, ...given) {
    const [first] = given
    const text = (first as { text?: unknown } | null)?.text
    if (typeof text === 'string' && text.includes(from)) {
      count.changed += 1
      given[0] = { ...(first as object), text: text.replaceAll(from, to) }
    }
    return original.apply(this, given)
  }
  pg.Client.prototype.query = changed as typeof pg.Client.prototype.query
  return () => {
    pg.Client.prototype.query = original as typeof pg.Client.prototype.query
  }
}

async function changeFunction(url: string, { sqlFunction, from, to }: PlantedBug): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ text: string }>(
      'select pg_get_functiondef(oid) as text from pg_proc where proname = $1',
      [sqlFunction],
    )
    const text = rows[0]?.text ?? ''
    if (!text.includes(from)) throw new Error(`nothing says ${from} in ${sqlFunction}`)
    await client.query(text.replaceAll(from, to))
  } finally {
    await client.end()
  }
}

async function onServer(url: string, statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}
