import type { ReactNode } from 'react'
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components'
import { useSubmit } from '../api/use-submit.ts'
import { Button } from './button.tsx'
import { ProblemNotice } from './notice.tsx'

/** A modal dialog: keeps the focus inside and gives it back to where it came from. */
export function Dialog({
  title,
  onClose,
  isDismissable = true,
  children,
}: {
  title: string
  onClose: () => void
  isDismissable?: boolean
  children: ReactNode
}) {
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

/** Asks before something that cannot be taken back. */
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
  const submit = useSubmit(async () => {
    await onConfirm()
    onClose()
  })
  return (
    <Dialog title={title} onClose={onClose}>
      <div>{children}</div>
      {submit.error !== undefined && <ProblemNotice error={submit.error} />}
      <div className="actions">
        <Button kind="danger" isBusy={submit.isBusy} onPress={() => submit.run()}>
          {action}
        </Button>
        <Button kind="quiet" onPress={onClose}>
          Cancel
        </Button>
      </div>
    </Dialog>
  )
}
