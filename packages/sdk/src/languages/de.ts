/**
 * German.
 *
 * @module
 */
import type { Texts } from '../texts.ts'

const stale = 'Dieser Link gilt nicht mehr. Bitte öffne diese App über den Marktplatz.'
const setUp = 'Diese App ist nicht richtig eingerichtet.'
const waiting = 'Der Marktplatz ist nicht erreichbar. Wir versuchen es weiter.'
const over = 'Deine Sitzung ist vorbei.'

const texts: Texts = {
  warningTitle: 'Noch {time}',
  warningText: 'Deine Sitzung endet bald. Sichere deine Arbeit oder verlängere im Marktplatz.',
  continue: 'Weiter',
  extend: 'Zeit hinzufügen',
  end: 'Sitzung beenden',
  pausedTitle: 'Pause',
  pausedText: 'Die Zeit zählt nicht. Noch {time}.',
  resume: 'Fortsetzen',
  blockedTitle: 'Verbindung unterbrochen',
  blockedText: 'Die Zeit zählt nicht, bis der Marktplatz wieder erreichbar ist.',
  retry: 'Erneut versuchen',
  endedTitle: 'Sitzung beendet',
  endedText: 'Der Marktplatz zeigt, was sie gekostet hat.',
  failedTitle: 'Keine Sitzung',
  back: 'Zurück zum Marktplatz',
  remaining: 'Noch {time}',
  config_invalid: setUp,
  launch_missing: 'Bitte öffne diese App über den Marktplatz.',
  launch_invalid: stale,
  launch_wrong_provider: stale,
  launch_already_used: stale,
  launch_expired: stale,
  session_ended: over,
  session_superseded: 'Deine Sitzung läuft in einem anderen Browser weiter.',
  session_invalid: over,
  session_paused_by_user: 'Setze diese Sitzung im Marktplatz fort.',
  origin_not_allowed: setUp,
  offline: waiting,
  server_unavailable: waiting,
  rate_limited: waiting,
  request_refused: 'Das hat nicht geklappt. Bitte versuche es noch einmal.',
  not_running: over,
}

export default texts
