import { type ReactNode, useEffect, useRef, useState } from 'react'
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components'
import { type Submit, useSubmit } from '../api/use-submit.ts'
import { Button } from './button.tsx'
import { Form } from './form.tsx'
import { ProblemNotice } from './notice.tsx'

/** Had the focus before the dialogs that are open. */
let opener: Element | null = null
const isInDialog = (element: Element | null) => !!element?.closest('[role="dialog"]')

/** Where the opener is gone, with its row or with the dialog before this one, the focus would fall to the page's start. */
function useFocusBack(isOpenerGone: () => boolean) {
  // Read while it is rendered: before effects run, the focus is in the dialog.
  const [before] = useState(() => document.activeElement)
  const isGone = useRef(isOpenerGone)
  isGone.current = isOpenerGone
  useEffect(() => {
    if (!isInDialog(before)) opener = before
    return () => {
      requestAnimationFrame(() => {
        if (document.querySelector('[role="dialog"]')) return
        const back = isGone.current() || !opener?.isConnected ? document.querySelector('h1') : opener
        // One stays where the row was.
        if (back instanceof HTMLElement) back.focus({ preventScroll: true })
      })
    }
  }, [before])
}

/** A modal dialog: keeps the focus inside and gives it back to where it came from. */
export function Dialog({
  title,
  onClose,
  isDismissable = true,
  isOpenerGone = () => false,
  children,
}: {
  title: string
  onClose: () => void
  isDismissable?: boolean
  /** After what the dialog did; the page's heading gets the focus then. */
  isOpenerGone?: () => boolean
  children: ReactNode
}) {
  useFocusBack(isOpenerGone)
  return (
    <ModalOverlay
      className="overlay"
      isOpen
      isDismissable={isDismissable}
      isKeyboardDismissDisabled={!isDismissable}
      onOpenChange={(isOpen) => !isOpen && onClose()}
    >
      <Modal className="dialog">
        <AriaDialog>
          <Heading slot="title" level={2}>
            {title}
          </Heading>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  )
}

/**
 * A dialog that is a form: one button sends it, the other leaves everything as it was. So while it is being sent there is
 * no other: it would promise what nobody can keep, and what went wrong would be told to nobody.
 */
export function FormDialog({
  title,
  submit,
  action,
  kind = 'main',
  onClose,
  children,
}: {
  title: string
  submit: Submit<[]>
  action: string
  kind?: 'main' | 'danger'
  onClose: () => void
  children: ReactNode
}) {
  return (
    <Dialog title={title} onClose={onClose} isDismissable={!submit.isBusy}>
      <Form submit={submit}>
        {children}
        <div className="actions">
          <Button type="submit" kind={kind} isBusy={submit.isBusy}>
            {action}
          </Button>
          <Button kind="quiet" isDisabled={submit.isBusy} onPress={onClose}>
            Cancel
          </Button>
        </div>
      </Form>
    </Dialog>
  )
}

/** Asks before something that cannot be taken back. What asked for it is often gone with what it was about. */
export function Confirm({
  title,
  action,
  onConfirm,
  onClose,
  children,
}: {
  title: string
  action: string
  onConfirm: () => Promise<unknown>
  onClose: () => void
  children: ReactNode
}) {
  const isDone = useRef(false)
  const submit = useSubmit(async () => {
    await onConfirm()
    isDone.current = true
    onClose()
  })
  return (
    <Dialog
      title={title}
      onClose={onClose}
      isDismissable={!submit.isBusy}
      isOpenerGone={() => isDone.current}
    >
      <div>{children}</div>
      {submit.error !== undefined && <ProblemNotice error={submit.error} />}
      <div className="actions">
        <Button kind="danger" isBusy={submit.isBusy} onPress={() => submit.run()}>
          {action}
        </Button>
        <Button kind="quiet" isDisabled={submit.isBusy} onPress={onClose}>
          Cancel
        </Button>
      </div>
    </Dialog>
  )
}
