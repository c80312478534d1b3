/**
 * Seals everything anew that another key than `KEY_ENCRYPTION_KEY` sealed.
 *
 * @module
 */
import { chainKeyPlace } from './audit/chain-keys.ts'
import type { Config } from './config.ts'
import type { Db } from './db.ts'
import { placeOfAnswer } from './http/idempotency.ts'
import { signingKeyPlace } from './keys/key-ring.ts'
import { seal, tryToOpen, unseal } from './seal.ts'
import { endpointPlace } from './webhooks/endpoint.ts'

const PAGE = 200

interface SealedColumn {
  table: string
  column: string
  /** The primary key. */
  keys: string[]
  place: (key: string[]) => string
}

const endpointColumn = (column: string): SealedColumn => ({
  table: 'webhook_endpoints',
  column,
  keys: ['tenant_id', 'id'],
  place: ([, id = '']) => endpointPlace(id),
})

/** Every column that holds what was sealed; a test compares it with the schema. */
export const SEALED_COLUMNS: SealedColumn[] = [
  {
    table: 'signing_keys',
    column: 'private_jwk_encrypted',
    keys: ['kid'],
    place: ([kid = '']) => signingKeyPlace(kid),
  },
  endpointColumn('secret_sealed'),
  endpointColumn('previous_secret_sealed'),
  endpointColumn('signing_key_sealed'),
  endpointColumn('previous_signing_key_sealed'),
  {
    table: 'audit_chain_keys',
    column: 'key_sealed',
    keys: ['first_sequence'],
    place: ([firstSequence]) => chainKeyPlace(Number(firstSequence)),
  },
  {
    table: 'idempotency_keys',
    column: 'answer_encrypted',
    keys: ['tenant_id', 'caller', 'route', 'key'],
    place: ([tenantId = '', caller = '', route = '', key = '']) =>
      placeOfAnswer({ tenantId, caller, route, key }),
  },
]

export interface ResealReport {
  table: string
  column: string
  opened: number
  resealed: number
  /** Places that none of the keys opens. */
  unreadable: string[]
}

/**
 * Goes through one column, a page and a transaction at a time. May be stopped anywhere and begun again: what is done
 * already opens with the new key and is left alone.
 */
export async function resealColumn(
  db: Db,
  sealedColumn: SealedColumn,
  { keyEncryptionKey, openingKeys }: Pick<Config, 'keyEncryptionKey' | 'openingKeys'>,
): Promise<ResealReport> {
  const { table, column, keys, place } = sealedColumn
  const report: ResealReport = { table, column, opened: 0, resealed: 0, unreadable: [] }
  const listSql = listSqlOf(sealedColumn)
  const replaceSql = replaceSqlOf(sealedColumn)
  let after: string[] | undefined
  for (;;) {
    const rows: { key: string[]; sealed: Buffer }[] = await db.batch.query(listSql, [
      after === undefined,
      ...(after ?? keys.map(() => (table === 'audit_chain_keys' ? '0' : ''))),
      PAGE,
    ])
    const anew: { key: string[]; before: Buffer; sealed: Buffer }[] = []
    for (const { key, sealed } of rows) {
      if (tryToOpen(keyEncryptionKey, sealed, place(key)) === undefined) {
        try {
          const text = unseal(openingKeys, sealed, place(key))
          anew.push({ key, before: sealed, sealed: seal(keyEncryptionKey, text, place(key)) })
        } catch {
          report.unreadable.push(place(key))
          continue
        }
      }
      report.opened += 1
    }
    if (anew.length > 0) {
      const replaced = await db.batch.query(replaceSql, [
        ...keys.map((_key, index) => anew.map(({ key }) => key[index])),
        anew.map(({ before }) => before),
        anew.map(({ sealed }) => sealed),
      ])
      report.resealed += replaced.length
    }
    if (rows.length < PAGE) return report
    after = rows.at(-1)?.key
  }
}

const typeOf = (key: string) => (key === 'first_sequence' ? 'bigint' : 'text')

function listSqlOf({ table, column, keys }: SealedColumn): string {
  const after = keys.map((key, index) => `$${index + 2}::${typeOf(key)}`)
  return `
  select array[${keys.map((key) => `${key}::text`).join(', ')}] as key, ${column} as sealed
  from ${table}
  where ($1 or (${keys.join(', ')}) > (${after.join(', ')})) and ${column} is not null
  order by ${keys.join(', ')}
  limit $${keys.length + 2}`
}

// Only what is still as it was read: a secret that its owner rotated meanwhile stays rotated.
function replaceSqlOf({ table, column, keys }: SealedColumn): string {
  const lists = keys.map((key, index) => `$${index + 1}::${typeOf(key)}[]`)
  const [before, anew] = [`$${keys.length + 1}::bytea[]`, `$${keys.length + 2}::bytea[]`]
  return `
  update ${table} t set ${column} = i.anew
  from unnest(${[...lists, before, anew].join(', ')}) as i (${[...keys, 'before', 'anew'].join(', ')})
  where ${keys.map((key) => `t.${key} = i.${key}`).join(' and ')} and t.${column} = i.before
  returning 1 as done`
}
