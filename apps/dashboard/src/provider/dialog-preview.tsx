import { useEffect, useRef } from 'react'
import { css } from '../../../../packages/sdk/src/dialog/style.ts'
import { english } from '../../../../packages/sdk/src/texts.ts'
import type { Theme } from '../api/wire.ts'
import { propertiesOf } from './theme.ts'

export type Scene = 'warning' | 'paused' | 'blocked' | 'ended'

const buttons: Record<Scene, (keyof typeof english)[]> = {
  warning: ['extend', 'continue', 'end'],
  paused: ['resume', 'end'],
  blocked: ['retry'],
  ended: ['back'],
}

/** Laid out in the page instead of over it, and otherwise the SDK's own. */
const inPage =
  'dialog{position:static;display:block;max-inline-size:100%;box-shadow:none;animation:none!important}'

/** The SDK's dialog with its own style and words, standing still. */
export function DialogPreview({
  theme,
  scene,
  scheme,
}: {
  theme: Theme
  scene: Scene
  scheme: 'light' | 'dark'
}) {
  const host = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = host.current
    if (!element) return
    const root = element.shadowRoot ?? element.attachShadow({ mode: 'open' })
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(css + inPage)
    root.adoptedStyleSheets = [sheet]
    const say = (key: keyof typeof english) => english[key].replace('{time}', '4:59')
    const dialog = document.createElement('dialog')
    dialog.open = true
    const title = document.createElement('h2')
    title.textContent = say(`${scene}Title`)
    const text = document.createElement('p')
    text.textContent = say(`${scene}Text`)
    const row = document.createElement('div')
    for (const key of buttons[scene]) {
      const button = document.createElement('button')
      button.type = 'button'
      button.textContent = say(key)
      row.append(button)
    }
    dialog.append(title, text, row)
    root.replaceChildren(dialog)
  }, [scene])
  return (
    <div className={`preview is-${scheme}`}>
      {/* A picture of it: its buttons do nothing here, so nobody is led to them. */}
      <div ref={host} inert style={{ colorScheme: scheme, ...propertiesOf(theme) }} />
    </div>
  )
}
