import { useMemo, useState } from 'react'
import { call } from '../api/call.ts'
import { useAnswer } from '../api/use-answer.ts'
import { useSubmit } from '../api/use-submit.ts'
import type { Theme } from '../api/wire.ts'
import { Button } from '../parts/button.tsx'
import { Code } from '../parts/copy.tsx'
import { OneOf } from '../parts/field.tsx'
import { Form } from '../parts/form.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { Notice } from '../parts/notice.tsx'
import { say } from '../parts/say.ts'
import { PageTitle } from '../router.tsx'
import { DialogPreview, type Scene } from './dialog-preview.tsx'
import type { ProviderPage } from './provider-page.ts'
import { contrastOf, cssOf, pageColorsOf, readableOn } from './theme.ts'

/** WCAG 2.2, 1.4.3. */
const CONTRAST_MIN = 4.5

export const Appearance: ProviderPage = ({ provider }) => {
  const path = `/providers/${provider.id}/theme`
  const saved = useAnswer<Theme>(path)
  return (
    <>
      <PageTitle>Dialog</PageTitle>
      <p className="lead">
        The SDK’s dialog warns, pauses and says goodbye inside your app. Give it your colours; what you see is
        the dialog itself.
      </p>
      <Loaded answer={saved} what="the colours">
        {(theme) => <Editor initial={theme} path={path} />}
      </Loaded>
    </>
  )
}

const scenes = [
  { value: 'warning', label: 'Before the end' },
  { value: 'paused', label: 'Paused' },
  { value: 'blocked', label: 'Connection lost' },
  { value: 'ended', label: 'Session over' },
] as const satisfies { value: Scene; label: string }[]

function Editor({ initial, path }: { initial: Theme; path: string }) {
  const [theme, setTheme] = useState(initial)
  const [scene, setScene] = useState<Scene>('warning')
  const [scheme, setScheme] = useState<'light' | 'dark'>('light')
  const [saved, setSaved] = useState<Theme | undefined>()
  // A swatch that nobody chose shows what the preview shows, and follows it from light to dark.
  const { ground, ink } = useMemo(() => pageColorsOf(scheme), [scheme])
  const change = (changes: Partial<Theme>) => setTheme({ ...theme, ...changes })
  const save = useSubmit(async () => {
    await call<Theme>('PUT', path, theme)
    setSaved(theme)
    say('Saved')
  })
  const contrast =
    theme.background && theme.color ? contrastOf(theme.background, theme.color) : Number.POSITIVE_INFINITY
  return (
    <div className="pair">
      <Form submit={save}>
        <ColorField
          label="Main button"
          value={theme.accent}
          fallback={ink}
          onChange={(accent) => change({ accent })}
        />
        <ColorField
          label="Background"
          value={theme.background}
          fallback={ground}
          onChange={(background) =>
            change({ background, color: background === null ? null : readableOn(background) })
          }
        />
        {theme.background !== null && (
          <ColorField
            label="Text"
            value={theme.color}
            fallback={ink}
            onChange={(color) => change({ color })}
          />
        )}
        <label className="field">
          <span className="label">Corners</span>
          <input
            type="range"
            min={0}
            max={32}
            value={theme.radiusPx}
            onChange={({ target }) => change({ radiusPx: Number(target.value) })}
          />
          <span className="hint">{theme.radiusPx} px</span>
        </label>
        {contrast < CONTRAST_MIN && (
          <Notice title="The text is hard to read">
            <p>Its contrast is {contrast.toFixed(1)} : 1; 4.5 : 1 is what most people need.</p>
          </Notice>
        )}
        <div className="actions">
          <Button type="submit" needs="developer" isBusy={save.isBusy}>
            Save
          </Button>
          {saved === theme && <span className="hint">Saved.</span>}
        </div>
        <Code label="The same as CSS, for your own style sheet" text={cssOf(theme)} />
      </Form>
      <section aria-label="Preview">
        <DialogPreview theme={theme} scene={scene} scheme={scheme} />
        <div className="field-row">
          <OneOf label="Moment" value={scene} choices={scenes} onChange={setScene} />
          <OneOf
            label="Your page is"
            value={scheme}
            choices={[
              { value: 'light', label: 'Light' },
              { value: 'dark', label: 'Dark' },
            ]}
            onChange={setScheme}
          />
        </div>
      </section>
    </div>
  )
}

function ColorField({
  label,
  value,
  fallback,
  onChange,
}: {
  label: string
  value: string | null
  fallback: string
  onChange: (value: string | null) => void
}) {
  return (
    <div className="field">
      <label className="label">
        {label}
        <span className="color-row">
          <input
            type="color"
            className="color"
            value={value ?? fallback}
            onChange={({ target }) => onChange(target.value)}
          />
          <span className="hint">{value ?? 'as the page has it'}</span>
        </span>
      </label>
      {value !== null && (
        <Button kind="link" onPress={() => onChange(null)} aria-label={`${label}: as the page has it`}>
          As the page has it
        </Button>
      )}
    </div>
  )
}
