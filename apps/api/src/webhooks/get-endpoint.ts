import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { ENDPOINT_COLUMNS, type EndpointRow } from './endpoint.ts'

interface Which {
  providerId: string
  id: string
}

/** @throws {Problem} `webhook_endpoint_not_found`, also for another provider's. */
export async function getEndpoint(tx: Tx, { providerId, id }: Which): Promise<EndpointRow> {
  const [row] = await tx.query<EndpointRow>(`${getSql} limit 1`, [providerId, id])
  if (!row) throw new Problem('webhook_endpoint_not_found')
  return row
}

/** A provider's endpoints, newest first, those before `before` only. */
export function listEndpoints(
  tx: Tx,
  { providerId, before, limit }: { providerId: string; before: string | undefined; limit: number },
): Promise<EndpointRow[]> {
  return tx.query<EndpointRow>(listSql, [providerId, before ?? null, limit])
}

const getSql = `
  select ${ENDPOINT_COLUMNS} from webhook_endpoints
  where provider_id = $1 and id = $2 and deleted_at is null`

const listSql = `
  select ${ENDPOINT_COLUMNS} from webhook_endpoints
  where provider_id = $1 and deleted_at is null and ($2::text is null or id < $2)
  order by id desc
  limit $3`
