/**
 * Jobs, enqueued in the transaction that causes them and run by graphile-worker.
 *
 * @module
 */
import type { Tx } from './db.ts'
import { currentTracer } from './trace.ts'

/**
 * @example await enqueue(tx, 'deliver-webhook', { deliveryId }, { runAt: later })
 */
export async function enqueue(
  tx: Tx,
  task: string,
  payload: object,
  { runAt, key }: { runAt?: Date; key?: string } = {},
): Promise<void> {
  // So that the job's trace leads back to the request that caused it.
  const traceparent = currentTracer()?.current()
  await tx.query('select enqueue_job($1, $2::json, $3, $4)', [
    task,
    JSON.stringify(traceparent === undefined ? payload : { ...payload, traceparent }),
    runAt ?? null,
    key ?? null,
  ])
}
