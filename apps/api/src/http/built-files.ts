/**
 * What a build left, from memory and compressed. Read anew when a build has replaced it, so that a build needs no restart.
 *
 * @module
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { weightOf } from './accept.ts'
import { etagOf, isHeld } from './etag.ts'

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export interface BuiltFile {
  type: string
  etag: string
  bodies: { identity: Buffer; br: Buffer; gzip: Buffer }
}

export interface BuiltFiles {
  /** As they were when last asked for. */
  known(name: string): BuiltFile | undefined
  /** As they are now; undefined where nothing was built. */
  load(): Promise<ReadonlyMap<string, BuiltFile> | undefined>
}

/** @param last the file of a build by which a newer one is told */
export function createBuiltFiles(
  dist: string,
  last: string,
  isServed: (name: string) => boolean = () => true,
): BuiltFiles {
  let files: Map<string, BuiltFile> | undefined
  let builtAt = 0
  return {
    known: (name) => files?.get(name),
    async load() {
      const at = await stat(path.join(dist, last)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      )
      if (at === 0) return undefined
      if (!files || at !== builtAt) {
        files = await readFiles(dist, isServed)
        builtAt = at
      }
      return files
    },
  }
}

/** In the best form the caller takes, or 304 where it has it. Other headers are the route's. */
export const sendBuiltFile = (request: FastifyRequest, reply: FastifyReply, file: BuiltFile) =>
  reply.send(prepareBuiltFile(request, reply, file))

/** Sets what `sendBuiltFile` sets, for whoever sends by another way. */
export function prepareBuiltFile(request: FastifyRequest, reply: FastifyReply, file: BuiltFile) {
  reply.header('content-type', file.type).header('etag', file.etag).header('vary', 'accept-encoding')
  if (isHeld(request, file.etag)) {
    reply.code(304)
    return null
  }
  const accepted = String(request.headers['accept-encoding'] ?? '')
  const coding = (['br', 'gzip'] as const).find((name) => weightOf(accepted, name) > 0)
  if (coding === undefined) return file.bodies.identity
  reply.header('content-encoding', coding)
  return file.bodies[coding]
}

async function readFiles(dist: string, isServed: (name: string) => boolean): Promise<Map<string, BuiltFile>> {
  const entries = await readdir(dist, { withFileTypes: true, recursive: true })
  const files = new Map<string, BuiltFile>()
  for (const entry of entries) {
    const type = TYPES[path.extname(entry.name)]
    const full = path.join(entry.parentPath, entry.name)
    const name = path.relative(dist, full).split(path.sep).join('/')
    if (!entry.isFile() || !type || !isServed(name)) continue
    files.set(name, await toBuiltFile(type, await readFile(full)))
  }
  return files
}

export async function toBuiltFile(type: string, body: Buffer): Promise<BuiltFile> {
  return {
    type,
    etag: etagOf(body),
    bodies: { identity: body, br: await squeeze(body), gzip: await promisify(gzip)(body) },
  }
}

/** Good and quick: the best takes a second for a per cent. */
function squeeze(body: Buffer): Promise<Buffer> {
  return promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } })
}
