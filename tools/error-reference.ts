import { PROBLEMS } from '../apps/api/src/errors.ts'

/** The page about every error code, from the table that the answers are made of. */
export async function produceErrorReference(): Promise<string> {
  const rows = Object.entries(PROBLEMS)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([code, { status, title, cure }]) => `## ${code}\n\n**${status}** ${title}.\n\n${cure}\n`)
  return `<!-- Generated from apps/api/src/errors.ts by \`npm run generate\`. -->

# Errors

Every refusal is \`application/problem+json\` (RFC 9457). A program decides by \`code\`; \`title\` and \`detail\` are for people and may
change. \`requestId\` finds the request in our logs. What a code means, and what to do about it:

${rows.join('\n')}`
}
