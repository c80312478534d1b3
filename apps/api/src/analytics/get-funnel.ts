import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Tx } from '../db.ts'
import { Instant, Shape } from '../http/schema.ts'
import { idFloor } from '../id.ts'
import { END_TYPES } from './activity.ts'
import type { Range } from './range.ts'

const count = (description: string, example: number) =>
  Type.Integer({ minimum: 0, description, examples: [example] })

export const Funnel = Shape(
  {
    from: Instant('Sessions opened from here on.'),
    to: Instant('Sessions opened before this.'),
    timeZone: Type.String({ description: 'Where days begin.', examples: ['Asia/Kolkata'] }),
    opened: count('Sessions opened in the range; all others are some of these.', 120),
    validated: count('Whose launch reached the app.', 110),
    firstBeat: count('Whose app has confirmed use at least once.', 104),
    completed: count('That ended `completed`.', 84),
    ended: Shape(
      Object.fromEntries(
        END_TYPES.map((reason) => [reason, count(`That ended \`${reason}\`.`, 10)]),
      ) as Record<(typeof END_TYPES)[number], ReturnType<typeof count>>,
      { description: 'How those that ended did.' },
    ),
    brokenOff: Shape(
      {
        neverValidated: count('Ended without the launch having reached the app.', 8),
        neverUsed: count(
          'Reached the app, which never confirmed use: closed at once, or its SDK did not run.',
          6,
        ),
        whileUsed: count('Used, and abandoned or revoked.', 5),
      },
      { description: 'Where those that broke off did.' },
    ),
    running: count('That have not ended yet.', 2),
  },
  { description: 'What became of the sessions opened in a range.' },
)
export type Funnel = Static<typeof Funnel>

type FunnelRow = Pick<Funnel, 'opened' | 'validated' | 'firstBeat' | 'running'> &
  Funnel['ended'] &
  Funnel['brokenOff']

/** Follows the sessions that were opened in a range to their end, so its figures of the last day still change. */
export async function getFunnel(
  tx: Tx,
  input: { providerId: string; isTest: boolean; range: Range },
): Promise<Funnel> {
  const { providerId, isTest, range } = input
  const { from, to, timeZone } = range
  const values = [providerId, isTest, idFloor('ses', from), idFloor('ses', to)]
  const [row] = await tx.query<FunnelRow>(funnelSql, values)
  const { opened, validated, firstBeat, running, neverValidated, neverUsed, whileUsed, ...ended } =
    row as FunnelRow
  return {
    from: from.toISOString(),
    to: to.toISOString(),
    timeZone,
    opened,
    validated,
    firstBeat,
    completed: ended.completed,
    ended,
    brokenOff: { neverValidated, neverUsed, whileUsed },
    running,
  }
}

// The flag of the first beat falls with it; a pause or an end that confirmed time leaves its mark in used_ms.
const funnelSql = `
  select count(*) as opened,
    count(*) filter (where is_validated) as validated,
    count(*) filter (where is_used) as "firstBeat",
    ${END_TYPES.map((reason) => `count(*) filter (where end_reason = '${reason}') as ${reason}`).join(', ')},
    count(*) filter (where is_ended and not is_validated) as "neverValidated",
    count(*) filter (where is_ended and is_validated and not is_used) as "neverUsed",
    count(*) filter (where end_reason in ('abandoned', 'revoked') and is_used) as "whileUsed",
    count(*) filter (where not is_ended) as running
  from (
    select end_reason, started_at is not null as is_validated, status = 'ended' as is_ended,
      started_at is not null and (used_ms > 0 or not is_first_beat_due) as is_used
    from sessions
    where provider_id = $1 and is_test = $2 and id >= $3 and id < $4
  ) s`
