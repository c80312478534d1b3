/**
 * Figures as RFC 4180 has them. Nothing in them is free text, so nothing has to be quoted, and nothing begins as a
 * spreadsheet's formula does.
 *
 * @module
 */
import { type TSchema, Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { assert } from '../assert.ts'
import { weightOf } from '../http/accept.ts'

type Cell = string | number | null
/** What numbers, instants, days and the names of experiments are made of. */
const PLAIN = /^[A-Za-z0-9.:_-]*$/

/** @example toCsv(['start', 'opened'], [{ start: '2026-03-01', opened: 3 }]) // 'start,opened\r\n2026-03-01,3\r\n' */
export function toCsv<Name extends string>(
  columns: readonly Name[],
  rows: readonly Record<Name, Cell>[],
): string {
  const lines = rows.map((row) =>
    columns
      .map((name) => {
        const text = String(row[name] ?? '')
        assert(PLAIN.test(text), 'a cell needs no quotes')
        return text
      })
      .join(','),
  )
  return `${[columns.join(','), ...lines].join('\r\n')}\r\n`
}

/** Whether CSV is asked for by name with more weight than JSON, or with as much and before it. */
export function prefersCsv(accept = ''): boolean {
  const [csv, json] = [weightOf(accept, 'text/csv'), weightOf(accept, 'application/json')]
  return csv > json || (csv > 0 && csv === json && /text\/csv.*application\/json/i.test(accept))
}

/** Answers with the object, or with its rows as a file to those who ask for CSV. */
export function sendJsonOrCsv<Answer>(
  { headers }: Pick<FastifyRequest, 'headers'>,
  reply: FastifyReply,
  { answer, csv, fileName }: { answer: Answer; csv: () => string; fileName: string },
): Answer {
  reply.header('vary', 'Accept')
  if (!prefersCsv(headers.accept)) return answer
  return reply
    .header('content-type', 'text/csv; charset=utf-8')
    .header('content-disposition', `attachment; filename="${fileName}.csv"`)
    .send(csv()) as never
}

/** An answer's schema, in both forms. */
export const csvOrJson = (schema: TSchema, description: string, example: string) => ({
  description,
  content: {
    'application/json': { schema },
    'text/csv': {
      schema: Type.String({ description: 'The rows, with a line of column names.', examples: [example] }),
    },
  },
})
