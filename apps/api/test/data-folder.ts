import { constants } from 'node:fs'
import { access, mkdtemp, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MEMORY = '/dev/shm'
const BYTES_MIN = 2 * 1024 ** 3

/**
 * A folder for a database that a test throws away: in memory where the machine has room there.
 *
 * A new database is 600 files. Where the disk takes a millisecond for each, that is most of the time of a small test.
 * What is killed is the process and not the machine, so what was written survives in memory as it does on a disk.
 *
 * @example const dataDir = await makeDataFolder('crash')
 */
export async function makeDataFolder(name: string): Promise<string> {
  return await mkdtemp(join((await hasRoomInMemory()) ? MEMORY : tmpdir(), `token-marketplace-${name}-`))
}

async function hasRoomInMemory(): Promise<boolean> {
  try {
    await access(MEMORY, constants.W_OK)
    const { bavail, bsize } = await statfs(MEMORY)
    return bavail * bsize >= BYTES_MIN
  } catch {
    return false
  }
}
