/**
 * The user's words, in English. `{time}` is the time left.
 *
 * @module
 */
import type { ErrorCode } from './errors.ts'

export const english = {
  warningTitle: '{time} left',
  warningText: 'Your session ends soon. Save your work, or add time in the marketplace.',
  continue: 'Continue',
  extend: 'Add time',
  end: 'End session',
  pausedTitle: 'Paused',
  pausedText: 'Time is not counted. {time} left.',
  resume: 'Resume',
  blockedTitle: 'Connection lost',
  blockedText: 'Time is not counted until the marketplace can be reached again.',
  retry: 'Try again',
  endedTitle: 'Session over',
  endedText: 'The marketplace shows what it cost.',
  failedTitle: 'No session',
  back: 'Back to the marketplace',
  remaining: '{time} left',
}

export type TextKey = keyof typeof english

/** Every word the user can see. */
export type Texts = Record<TextKey | ErrorCode, string>
