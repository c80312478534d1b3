import type { Tx } from '../db.ts'
import { Problem } from '../errors.ts'
import { PLAIN_THEME, type Theme } from './theme.ts'

/** Keeps how the dialog of a provider looks. */
export async function changeTheme(
  tx: Tx,
  { providerId, theme, now }: { providerId: string; theme: Theme; now: Date },
): Promise<void> {
  await tx.query(
    `insert into provider_themes (provider_id, theme, updated_at) values ($1, $2, $3)
     on conflict (tenant_id, provider_id) do update set theme = excluded.theme, updated_at = excluded.updated_at`,
    [providerId, JSON.stringify(theme), now],
  )
}

/**
 * What was chosen, or the plain one.
 *
 * @throws {Problem} `provider_not_found`
 */
export async function getTheme(tx: Tx, providerId: string): Promise<Theme> {
  const [row] = await tx.query<{ theme: Theme | null }>(
    'select t.theme from providers p left join provider_themes t on t.provider_id = p.id where p.id = $1',
    [providerId],
  )
  if (!row) throw new Problem('provider_not_found')
  return row.theme ?? PLAIN_THEME
}
