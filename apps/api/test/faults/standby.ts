import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import {
  findAccount,
  findPostgres,
  postgresEnvironment,
  postgresProgram,
} from '../../src/embedded-postgres-binaries.ts'
import { clusterPath, findFreePort } from '../../src/embedded-postgres-server.ts'

export interface Standby {
  url: string
  stop(): Promise<void>
}

/** A stopped server started again as one that follows another: it answers, and takes no writes. */
export async function startStandby(dataDir: string, url: string): Promise<Standby> {
  const folder = join(dataDir, 'postgres', 'cluster')
  await writeFile(join(folder, 'standby.signal'), '')
  const account = await findAccount()
  const address = new URL(url)
  address.port = String(await findFreePort())
  const settings = {
    listen_addresses: '127.0.0.1',
    port: address.port,
    unix_socket_directories: '',
    max_connections: 200,
  }
  const child = spawn(
    postgresProgram(await findPostgres(account, dataDir), 'postgres'),
    [
      '-D',
      clusterPath(folder, account),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    { ...account, cwd: folder, env: postgresEnvironment, stdio: 'ignore' },
  )
  const ended = once(child, 'close')
  const stop = async () => {
    child.kill('SIGINT')
    await ended
  }
  const isOver = ended.then(() => 'over' as const)
  for (;;) {
    const client = new pg.Client({ connectionString: address.href })
    client.on('error', () => undefined)
    const state = await Promise.race([
      client.connect().then(
        () => 'ready' as const,
        () => 'starting' as const,
      ),
      isOver,
    ])
    if (state === 'over') throw new Error('the standby did not start')
    await client.end()
    if (state === 'ready') return { url: address.href, stop }
  }
}
