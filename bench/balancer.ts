/**
 * A load balancer as small as one can be: round robin over the servers that are in, and a drain before one goes.
 *
 * @module
 */
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'

interface Member {
  url: URL
  agent: Agent
  inFlight: number
  isIn: boolean
}

export interface Balancer {
  url: string
  add(url: string): void
  /** Sends no more there, and waits for what is under way. */
  drain(url: string): Promise<void>
  stop(): Promise<void>
}

export async function startBalancer(): Promise<Balancer> {
  let members: Member[] = []
  let turn = 0
  const server = createServer((incoming, outgoing) => {
    const ready = members.filter(({ isIn }) => isIn)
    const member = ready[turn++ % ready.length]
    if (member) forward(member, incoming, outgoing)
    else outgoing.writeHead(503).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')

  return {
    url: `http://127.0.0.1:${address.port}`,
    add(url) {
      members.push({ url: new URL(url), agent: new Agent({ keepAlive: true }), inFlight: 0, isIn: true })
    },
    async drain(url) {
      const member = members.find((candidate) => candidate.url.href === new URL(url).href)
      if (!member) throw new Error(`${url} is not behind this balancer`)
      member.isIn = false
      while (member.inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 5))
      member.agent.destroy()
      members = members.filter((candidate) => candidate !== member)
    },
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
      for (const { agent } of members) agent.destroy()
    },
  }
}

function forward(member: Member, incoming: IncomingMessage, outgoing: ServerResponse): void {
  member.inFlight += 1
  outgoing.once('close', () => {
    member.inFlight -= 1
  })
  const { method, url, headers } = incoming
  const { hostname, port } = member.url
  const onward = request({ hostname, port, method, path: url, headers, agent: member.agent }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(outgoing)
  })
  onward.once('error', () => {
    if (outgoing.headersSent) outgoing.destroy()
    else outgoing.writeHead(502).end()
  })
  incoming.pipe(onward)
}
