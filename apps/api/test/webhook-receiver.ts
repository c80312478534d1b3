import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  path: string
  headers: IncomingHttpHeaders
  body: string
}

export interface Receiver {
  url: string
  port: number
  received: Received[]
  /** The most requests that were open at once. */
  openMax(): number
  close(): Promise<void>
}

/**
 * A real HTTP server on loopback that keeps what it gets.
 *
 * @param answer may answer, or leave the request hanging
 */
export async function startReceiver(
  answer: (response: ServerResponse, received: Received) => void = (response) => {
    response.writeHead(204).end()
  },
): Promise<Receiver> {
  const received: Received[] = []
  let open = 0
  let openMax = 0
  const server = createServer((request, response) => {
    open += 1
    openMax = Math.max(openMax, open)
    response.once('close', () => {
      open -= 1
    })
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const one = {
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      }
      received.push(one)
      answer(response, one)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received,
    openMax: () => openMax,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
