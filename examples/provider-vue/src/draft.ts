import { ref } from 'vue'

const KEY = 'zeile.draft'

function readDraft(): string {
  try {
    return localStorage.getItem(KEY) ?? ''
  } catch {
    return ''
  }
}

/** What stands on the sheet. It lives here and not in a component, because the gate removes those. */
export const draft = ref(readDraft())

/** Writes the draft where the next session finds it. */
export function keepDraft(): void {
  try {
    localStorage.setItem(KEY, draft.value)
  } catch {
    // Private mode: the sheet lasts as long as the page.
  }
}
