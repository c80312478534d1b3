import { Button as AriaButton, type ButtonProps } from 'react-aria-components'
import type { MemberRole } from '../api/wire.ts'
import { useMay } from './role.tsx'

type Props = Omit<ButtonProps, 'className' | 'isPending'> & {
  kind?: 'main' | 'quiet' | 'danger' | 'link'
  size?: 'normal' | 'small'
  isBusy?: boolean
  /** On the pages of an app: the role without which it is not there. */
  needs?: MemberRole
}

/** A button that stays focusable while it is busy, and says so. */
export function Button({ kind = 'main', size = 'normal', isBusy = false, needs = 'viewer', ...rest }: Props) {
  const mayPress = useMay(needs)
  if (!mayPress) return null
  const look = kind === 'link' ? 'link' : `button ${kind === 'main' ? '' : `is-${kind}`}`
  return (
    <AriaButton {...rest} isPending={isBusy} className={`${look} ${size === 'small' ? 'is-small' : ''}`} />
  )
}
