/**
 * Shows that the simulation can fail: plants known bugs, one at a time, and says what noticed each.
 *
 * @module
 */
import pg from 'pg'
import { migrate } from '../../src/migrate.ts'
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.ts'
import { simulate } from './simulation.ts'

export interface Verdict {
  bug: string
  /** What noticed it; undefined when nothing did. */
  noticed: string | undefined
}

type Query = (...given: unknown[]) => unknown

/** @returns the exit code: 0 when every bug that has to be noticed was. */
export async function runMutations(options: {
  databaseUrl: string
  seed: string
  say: (line: string) => void
}): Promise<number> {
  const { databaseUrl, seed, say } = options
  const verdicts: Verdict[] = []
  for (const bug of PLANTED_BUGS) {
    const verdict = await tryBug(databaseUrl, seed, bug)
    verdicts.push(verdict)
    say(`${verdict.noticed === undefined ? 'NOT NOTICED' : 'noticed    '}  ${bug.name}`)
    if (verdict.noticed !== undefined) say(`             ${verdict.noticed.slice(0, 200)}`)
  }
  const missed = verdicts.filter(({ noticed }) => noticed === undefined)
  say(`VERDICT: ${verdicts.length - missed.length} of ${verdicts.length} planted bugs were noticed`)
  return missed.length > 0 ? 1 : 0
}

/** A fresh database with the bug in it, and a small market on it. */
export async function tryBug(serverUrl: string, seed: string, bug: PlantedBug): Promise<Verdict> {
  const name = `bug_${process.pid}_${PLANTED_BUGS.indexOf(bug)}`
  const url = new URL(serverUrl)
  await onServer(serverUrl, [`drop database if exists ${name} with (force)`, `create database ${name}`])
  url.pathname = `/${name}`
  const statements = { changed: 0 }
  const restore = bug.sqlFunction === undefined ? changeStatements(bug, statements) : () => {}
  try {
    await migrate(url.href)
    if (bug.sqlFunction !== undefined) await changeFunction(url.href, bug)
    const result = await simulate({ databaseUrl: url.href, seed, hours: 1.1, peoplePerClass: 2 })
    if (bug.sqlFunction === undefined && statements.changed === 0) throw new Error(`nothing says ${bug.from}`)
    return { bug: bug.name, noticed: result.wrong[0] && `bound: ${result.wrong[0]}` }
  } catch (error) {
    if (/^nothing says/.test((error as Error).message)) throw error
    return { bug: bug.name, noticed: (error as Error).message.split('\n', 1)[0] }
  } finally {
    restore()
    await onServer(serverUrl, [`drop database if exists ${name} with (force)`])
  }
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
