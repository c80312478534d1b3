import type { TaskList } from 'graphile-worker'
import { inSpan } from '../trace.ts'

/** One span per run of a job, linked to the request that enqueued it: it may run hours later, so it is no child. */
export function traceTasks(tasks: TaskList): TaskList {
  return Object.fromEntries(
    Object.entries(tasks).map(([name, task]) => [
      name,
      (payload: unknown, helpers: Parameters<NonNullable<typeof task>>[1]) => {
        const { traceparent } = (payload ?? {}) as { traceparent?: unknown }
        return inSpan(
          `job ${name}`,
          {
            kind: 'consumer',
            attributes: { 'job.task': name, 'job.attempt': helpers.job.attempts },
            causedBy: typeof traceparent === 'string' ? traceparent : undefined,
          },
          async () => task?.(payload as never, helpers),
        )
      },
    ]),
  )
}
