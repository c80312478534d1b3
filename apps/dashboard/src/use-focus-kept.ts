import { useEffect } from 'react'

/**
 * Where what had the focus is gone, with its row say, the focus would fall to the start of the document: it goes to the
 * page's heading. Dialogs give it back by themselves.
 */
export function useFocusKept(): void {
  useEffect(() => {
    let focused: Element | undefined
    const note = ({ target }: FocusEvent) => {
      const isOfPage = target instanceof Element && !target.closest('[role="dialog"]')
      focused = isOfPage ? target : undefined
    }
    const watch = new MutationObserver(() => {
      if (!focused || focused.isConnected || document.activeElement !== document.body) return
      focused = undefined
      document.querySelector('h1')?.focus({ preventScroll: true })
    })
    addEventListener('focusin', note)
    watch.observe(document.body, { childList: true, subtree: true })
    return () => {
      removeEventListener('focusin', note)
      watch.disconnect()
    }
  }, [])
}
