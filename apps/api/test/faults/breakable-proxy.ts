/**
 * What stands between the API and its database in these tests: it can be cut, go silent, or lead elsewhere.
 *
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface BreakableProxy {
  url: string
  /** Ends all connections and refuses new ones, as a server that is down. */
  cut(): void
  /** Takes everything and passes nothing on, as a network that loses packets. */
  silence(): void
  /** Passes on to this address from now on, as a name that was pointed elsewhere. @param how whether open connections stay */
  leadTo(url: string, how?: { isKeeping: boolean }): void
  close(): Promise<void>
}

export async function startBreakableProxy(target: string): Promise<BreakableProxy> {
  let to = new URL(target)
  let mode: 'open' | 'cut' | 'silent' = 'open'
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    if (mode === 'cut') return void near.destroy()
    const far = connect(Number(to.port), to.hostname)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('data', (chunk) => {
        if (mode !== 'silent') other.write(chunk)
      })
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.port = String((server.address() as AddressInfo).port)
  const endAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: url.href,
    cut() {
      mode = 'cut'
      endAll()
    },
    silence() {
      mode = 'silent'
    },
    leadTo(next, { isKeeping } = { isKeeping: false }) {
      if (!isKeeping) endAll()
      to = new URL(next)
      mode = 'open'
    },
    async close() {
      endAll()
      server.close()
    },
  }
}
