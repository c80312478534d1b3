import { Button as AriaButton, type ButtonProps } from 'react-aria-components'

type Props = Omit<ButtonProps, 'className' | 'isPending'> & {
  kind?: 'main' | 'quiet' | 'danger' | 'link'
  size?: 'normal' | 'small'
  isBusy?: boolean
}

/** A button that stays focusable while it is busy, and says so. */
export function Button({ kind = 'main', size = 'normal', isBusy = false, ...rest }: Props) {
  const look = kind === 'link' ? 'link' : `button ${kind === 'main' ? '' : `is-${kind}`}`
  return (
    <AriaButton {...rest} isPending={isBusy} className={`${look} ${size === 'small' ? 'is-small' : ''}`} />
  )
}
