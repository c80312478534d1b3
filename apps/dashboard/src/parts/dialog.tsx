import type { ReactNode } from 'react'
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components'
import { type Submit, useSubmit } from '../api/use-submit.ts'
import { Button } from './button.tsx'
import { Form } from './form.tsx'
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

/** A dialog that is a form: one button sends it, the other leaves everything as it was. */
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
    <Dialog title={title} onClose={onClose}>
      <Form submit={submit}>
        {children}
        <div className="actions">
          <Button type="submit" kind={kind} isBusy={submit.isBusy}>
            {action}
          </Button>
          <Button kind="quiet" onPress={onClose}>
            Cancel
          </Button>
        </div>
      </Form>
    </Dialog>
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
