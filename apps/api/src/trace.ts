/**
 * Traces, where somebody wants them: until `startTracing` sets one, a span is a plain call and costs a comparison.
 *
 * One process has one tracer, as it has one log; spans find their parent through the asynchronous context.
 *
 * @module
 */
export type Attributes = Record<string, string | number | boolean>

export interface SpanOptions {
  kind?: 'server' | 'client' | 'consumer'
  attributes?: Attributes
  /** A `traceparent` (W3C) that this continues. */
  continues?: string | undefined
  /** A `traceparent` of what caused this, earlier and elsewhere. */
  causedBy?: string | undefined
}

export interface OpenSpan {
  /** Runs with this span as the parent of those begun inside. */
  within<T>(run: () => T): T
  set(attributes: Attributes): void
  rename(name: string): void
  end(error?: unknown): void
}

export interface Tracer {
  begin(name: string, options: SpanOptions): OpenSpan
  /** The running span as a `traceparent`, to be handed on. */
  current(): string | undefined
}

let tracer: Tracer | undefined

export function setTracer(next: Tracer | undefined): void {
  tracer = next
}

export const currentTracer = (): Tracer | undefined => tracer

/** @example await inSpan('chain-audit', { kind: 'consumer' }, () => task(payload)) */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  run: (span?: OpenSpan) => Promise<T>,
): Promise<T> {
  if (!tracer) return run()
  const span = tracer.begin(name, options)
  try {
    const result = await span.within(() => run(span))
    span.end()
    return result
  } catch (error) {
    span.end(error)
    throw error
  }
}

const statements = new Map<string, { name: string; options: SpanOptions }>()

/** A span for one statement, named by what it does to which table. The text is a constant without anybody's values. */
export function inStatementSpan<T>(sql: string, run: () => Promise<T>): Promise<T> {
  if (!tracer) return run()
  let known = statements.get(sql)
  if (!known) {
    const name = nameOfStatement(sql)
    known = {
      name,
      options: {
        kind: 'client',
        attributes: { 'db.system.name': 'postgresql', 'db.query.summary': name, 'db.query.text': sql.trim() },
      },
    }
    statements.set(sql, known)
  }
  return inSpan(known.name, known.options, run)
}

/** @example nameOfStatement('insert into purchases (id) …') // 'insert purchases' */
export function nameOfStatement(sql: string): string {
  const verb = /\b(select|insert|update|delete)\b/i
    .exec(sql.replace(/^\s*with\b[^(]*\(/i, ''))?.[1]
    ?.toLowerCase()
  const writes = /\b(insert into|(?<!for (?:no key )?)update|delete from)\s+([a-z_]+)/i.exec(sql)
  if (writes) return `${writes[1]?.split(' ', 1)[0]?.toLowerCase()} ${writes[2]}`
  const called = /\bselect\s+(?:\*\s+from\s+)?([a-z_]+)\(/i.exec(sql)?.[1]
  const table = /\bfrom\s+([a-z_]+)/i.exec(withoutSubselects(sql))?.[1]
  return [verb ?? 'statement', table ?? called].filter(Boolean).join(' ')
}

/** What a statement reads is named by its own "from", not by one in its select list. */
function withoutSubselects(sql: string): string {
  if (/^\s*with\b/i.test(sql)) return sql
  const inner = /\(\s*select\b[^()]*(?:\([^()]*\)[^()]*)*\)/gi
  return sql.replace(inner, '()')
}
