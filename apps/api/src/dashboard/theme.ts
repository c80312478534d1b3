/**
 * How the SDK's dialog looks in one provider's app.
 *
 * @module
 */
import { type Static, Type } from '@fastify/type-provider-typebox'
import { Nullable, Shape } from '../http/schema.ts'
import { PLAIN_RADIUS_PX } from './theme-colors.ts'

const Color = (description: string, example: string) =>
  Nullable(
    Type.String({
      pattern: '^#[0-9a-f]{6}$',
      description: `${description}; null for what the page has.`,
      examples: [example],
    }),
  )

export const Theme = Shape(
  {
    accent: Color('The main button', '#4338ca'),
    background: Color('The ground of the dialog', '#ffffff'),
    color: Color('The text', '#1e1b4b'),
    radiusPx: Type.Integer({ minimum: 0, maximum: 32, description: 'Its corners.', examples: [16] }),
  },
  { description: 'How the SDK’s dialog looks.' },
)
export type Theme = Static<typeof Theme>

/** Before anybody has chosen: the SDK’s own. */
export const PLAIN_THEME: Theme = { accent: null, background: null, color: null, radiusPx: PLAIN_RADIUS_PX }
