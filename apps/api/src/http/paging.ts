/**
 * Keyset paging: a cursor holds where the page ended, never an offset.
 *
 * @module
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'

const MAC_BYTES = 12

export interface Cursors {
  /** Those of the list that a request asks for: another one's mean nothing here. */
  of(request: Pick<FastifyRequest, 'routeOptions'>): ListCursors
}

export interface ListCursors {
  encode(position: string): string
  /** @throws {Problem} `validation_failed` for anything we did not hand out. */
  decode(cursor: string | undefined): string | undefined
}

/**
 * Signed, so that nobody builds one by hand and relies on what is inside.
 *
 * @param accepted keys whose cursors are taken besides: those of before a change.
 */
export function createCursors(key: Buffer, accepted: readonly Buffer[] = []): Cursors {
  return { of: ({ routeOptions: { url = '' } }) => createListCursors(url, key, accepted) }
}

function createListCursors(list: string, key: Buffer, accepted: readonly Buffer[]): ListCursors {
  const sign = (position: string, key: Buffer) =>
    createHmac('sha256', key).update(`cursor\0${list}\0${position}`).digest().subarray(0, MAC_BYTES)
  return {
    encode: (position) => Buffer.concat([sign(position, key), Buffer.from(position)]).toString('base64url'),
    decode(cursor) {
      if (cursor === undefined) return undefined
      const bytes = Buffer.from(cursor, 'base64url')
      const position = bytes.subarray(MAC_BYTES).toString()
      const isOurs = (one: Buffer) => timingSafeEqual(bytes.subarray(0, MAC_BYTES), sign(position, one))
      if (bytes.length <= MAC_BYTES || ![key, ...accepted].some(isOurs)) {
        throw new Problem('validation_failed', {
          detail: 'Use `nextCursor` of the page before, unchanged.',
          errors: [{ path: '/cursor', message: 'is not a cursor of this list' }],
        })
      }
      return position
    },
  }
}

/** Turns `limit + 1` rows into a page. */
export function toPage<Row, Item>(
  rows: Row[],
  limit: number,
  cursors: ListCursors,
  position: (row: Row) => string,
  present: (row: Row) => Item,
): { items: Item[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    items: shown.map(present),
    nextCursor: rows.length > limit && last !== undefined ? cursors.encode(position(last)) : null,
  }
}
