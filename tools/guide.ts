/**
 * The integration guide as something that can be performed.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './tracked-files.ts'

/** A heading "Step …" of the guide with the block under it. */
export interface GuideStep {
  title: string
  /** What to do with the text: run it in a shell, or add it to the end of a file. */
  action: { kind: 'shell' } | { kind: 'append'; path: string }
  text: string
}

/** Reads the steps of `docs/sdk/guide.md`. Throws where a step has not exactly one block that can be performed. */
export function readGuide(text = readFileSync(join(root, 'docs/sdk/guide.md'), 'utf8')): GuideStep[] {
  return text
    .split(/^## /m)
    .filter((section) => section.startsWith('Step '))
    .map((section) => {
      const title = section.split('\n')[0]!
      const blocks = [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
      const [, language, code] = blocks[0] ?? []
      if (blocks.length !== 1 || !language || !code) throw new Error(`"${title}" has not one block`)
      if (language === 'sh') return { title, action: { kind: 'shell' }, text: code }
      const [, path, rest] = /^\/\/ (\S+), at the end\n([\s\S]*)$/.exec(code) ?? []
      if (!path || !rest) throw new Error(`"${title}" does not say in its first line where its code belongs`)
      return { title, action: { kind: 'append', path }, text: rest }
    })
}

/** What somebody has to type or paste: lines that are not empty. */
export function countLines(steps: GuideStep[]): number {
  return steps.flatMap(({ text }) => text.split('\n').filter((line) => line.trim() !== '')).length
}
