/**
 * Every message the API can write to its log, read out of its sources.
 *
 * @module
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const SOURCES = join(import.meta.dirname, '../../src')
const CALL = /\blog(?:\.(debug|info|warn|error|fatal)|\[level\])\(/g

export interface LogCall {
  level: string
  message: string
  file: string
}

/** What stands in parentheses that are closed only in the end is looked at for its last text. */
export function listLogCalls(): LogCall[] {
  return globSync('**/*.ts', { cwd: SOURCES })
    .filter((file) => !file.endsWith('.test.ts'))
    .sort()
    .flatMap((file) => {
      const text = readFileSync(join(SOURCES, file), 'utf8')
      return [...text.matchAll(CALL)].flatMap((match) => {
        const inside = insideOf(text, match.index + match[0].length)
        const texts = [...inside.matchAll(/'((?:[^'\\\n]|\\.)*)'/g)].map(([, one]) => one!)
        const message = texts.at(-1)
        return message === undefined || !message.includes(' ')
          ? []
          : [{ level: match[1] ?? 'info', message: message.replaceAll("\\'", "'"), file }]
      })
    })
}

function insideOf(text: string, from: number): string {
  let depth = 1
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1
    if (text[at] === ')') depth -= 1
    if (depth === 0) return text.slice(from, at)
  }
  return ''
}
