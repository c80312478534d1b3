import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** What nginx calls it, and what those who watch look for. No answer of ours: there is nobody to give it to. */
export const GONE_STATUS = 499

type Tell = (request: FastifyRequest, reply: FastifyReply) => void

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Tells of a caller whose request came whole and who went away before the answer began, which no hook of Fastify's does:
     * the slowest answers would be the ones that nobody sees.
     */
    whenGone(tell: Tell): void
  }
}

export function registerGoneCallers(app: FastifyInstance): void {
  const all: Tell[] = []
  app.decorate('whenGone', (tell) => void all.push(tell))
  // One listener for everybody who wants to know: every beat has it.
  app.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => {
      if (request.raw.complete && !reply.raw.headersSent) for (const tell of all) tell(request, reply)
    })
    done()
  })
}
