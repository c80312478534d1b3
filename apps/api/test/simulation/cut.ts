/**
 * Cuts a database connection at one chosen statement, so that a crash between any two statements can be repeated.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import pg from 'pg'

/**
 * - `before`: the statement never reaches the server, which rolls the transaction back
 * - `after`: the server did it (also a commit), and nobody hears of it
 * - `killed`: an administrator ends the connection's server process just before it
 */
export type CutMode = 'before' | 'after' | 'killed'

export interface Cut {
  /** Which statement of the call, from 1: those of transactions, and writes that are one by themselves. */
  statement: number
  mode: CutMode
  seen: number
  hasFired: boolean
}

type Query = (...given: unknown[]) => unknown

/** What a call does, and not what others do meanwhile: the courier, say, whose receivers answer when they like. */
const underWay = new AsyncLocalStorage<Cut>()

/** Runs one call alone with a cut at a statement of it. */
export async function withCut<T>(
  { statement, mode }: Pick<Cut, 'statement' | 'mode'>,
  databaseUrl: string,
  run: () => Promise<T>,
): Promise<{ result: T; cut: Cut }> {
  const cut: Cut = { statement, mode, seen: 0, hasFired: false }
  const inTransaction = new Set<pg.Client>()
  let being: { client: pg.Client; cut: Promise<unknown> } | undefined
  const original = pg.Client.prototype.query as Query
  const patched: Query = function (this: pg.Client, ...given) {
    // What was sent behind it without waiting for its answer meets the same end.
    if (being?.client === this && typeof given.at(-1) !== 'function') {
      return being.cut.catch(() => undefined).then(() => original.apply(this, given))
    }
    if (underWay.getStore() !== cut || cut.hasFired) return original.apply(this, given)
    const text = textOf(given[0])
    if (text.startsWith('begin')) inTransaction.add(this)
    // Caches, and whoever opened the connection: whether they ask depends on how much of the wall's clock has passed.
    else if (!inTransaction.has(this) && /^[\s(]*select/.test(text)) return original.apply(this, given)
    cut.seen += 1
    if (cut.seen !== cut.statement) return original.apply(this, given)
    cut.hasFired = true
    const callback = given.find((one) => typeof one === 'function') as
      | ((error: unknown, rows?: unknown) => void)
      | undefined
    const cutting = cutHere(this, mode, databaseUrl, () =>
      original.apply(
        this,
        given.filter((one) => typeof one !== 'function'),
      ),
    )
    being = { client: this, cut: cutting }
    if (!callback) return cutting
    return void cutting.catch(callback)
  }
  pg.Client.prototype.query = patched as typeof pg.Client.prototype.query
  try {
    return { result: await underWay.run(cut, run), cut }
  } finally {
    pg.Client.prototype.query = original as typeof pg.Client.prototype.query
  }
}

const textOf = (sql: unknown) => (typeof sql === 'string' ? sql : (sql as { text: string }).text)

async function cutHere(client: pg.Client, mode: CutMode, databaseUrl: string, send: () => unknown) {
  const { processID } = client as unknown as { processID: number }
  if (mode === 'killed') {
    await terminate(databaseUrl, processID)
    return await send()
  }
  if (mode === 'after') await send()
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } }
  connection.stream.destroy()
  // Until it is gone it keeps its locks, and what comes next would depend on when the server noticed.
  await terminate(databaseUrl, processID)
  throw Object.assign(new Error('the connection was cut'), { code: 'ECONNRESET' })
}

/** Ends a server process and waits until it is gone, so that what follows does not depend on timing. */
async function terminate(databaseUrl: string, processId: number): Promise<void> {
  const administrator = new pg.Client({ connectionString: databaseUrl })
  administrator.on('error', () => undefined)
  await administrator.connect()
  try {
    await administrator.query('select pg_terminate_backend($1, 10000)', [processId])
  } finally {
    await administrator.end()
  }
}
