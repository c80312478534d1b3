import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './tracked-files.ts'

const BYTES_MAX = 2_000_000

const SECRETS: [RegExp, string][] = [
  [/\b[rs]k_live_[0-9A-Za-z]{16,}/, 'a live Stripe key'],
  [/\bwhsec_[0-9A-Za-z+/=]{24,}/, 'a webhook secret'],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/=]{16,}/, 'a private key'],
  [/\b(AKIA|ASIA)[0-9A-Z]{16}\b/, 'an AWS key'],
  [/\bgh[pousr]_[0-9A-Za-z]{30,}|\bgithub_pat_[0-9A-Za-z_]{40,}/, 'a GitHub credential'],
  [/\bnpm_[0-9A-Za-z]{36}\b/, 'an npm credential'],
  [/\bxox[abprs]-[0-9A-Za-z-]{20,}/, 'a Slack credential'],
  [/\bAIza[0-9A-Za-z_-]{35}\b/, 'a Google key'],
  [
    /\bpostgres(ql)?:\/\/[^\s:@/]+:[^\s@/$<{]{8,}@(?!(localhost|127\.0\.0\.1|\[::1\]|db|postgres)[:/])/,
    'a database password',
  ],
  [/"d"\s*:\s*"[0-9A-Za-z_-]{43}"/, 'a private JWK'],
]

/** Marks a line that shows the form of a secret without being one. */
const EXCUSE = 'not-a-secret'

/** Finds committed secrets, as "file:line: what". */
export function findSecrets(files: readonly string[]): string[] {
  return files.flatMap((path) => {
    const content = readFileSync(join(root, path))
    if (content.length > BYTES_MAX || content.includes(0)) return []
    return findSecretsIn(path, content.toString('utf8'))
  })
}

/** Finds the secrets in one text. */
export function findSecretsIn(path: string, text: string): string[] {
  const lines = text.split('\n')
  return SECRETS.flatMap(([pattern, what]) => {
    const everywhere = new RegExp(pattern, 'g')
    return [...text.matchAll(everywhere)].flatMap((match) => {
      const line = text.slice(0, match.index).split('\n').length
      return lines[line - 1]!.includes(EXCUSE) ? [] : `${path}:${line}: ${what}`
    })
  })
}
