import type { FastifyReply, FastifyRequest } from 'fastify'

/** What nginx calls it, and what those who watch look for. No answer of ours: there is nobody to give it to. */
export const GONE_STATUS = 499

/**
 * Tells of a caller whose request came whole and who went away before the answer began, which no hook of Fastify's does: the
 * slowest answers would be the ones that nobody sees.
 */
export function whenGone(
  { raw: request }: FastifyRequest,
  { raw: answer }: FastifyReply,
  tell: () => void,
): void {
  answer.once('close', () => {
    if (request.complete && !answer.headersSent) tell()
  })
}
