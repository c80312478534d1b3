/**
 * Spanish.
 *
 * @module
 */
import type { Texts } from '../texts.ts'

const stale = 'Este enlace ya no sirve. Abre esta aplicación desde el mercado.'
const setUp = 'Esta aplicación no está bien configurada.'
const waiting = 'No se puede contactar con el mercado. Seguimos intentándolo.'
const over = 'Tu sesión ha terminado.'

const texts: Texts = {
  warningTitle: 'Quedan {time}',
  warningText: 'Tu sesión termina pronto. Guarda tu trabajo o añade tiempo en el mercado.',
  continue: 'Continuar',
  extend: 'Añadir tiempo',
  end: 'Terminar la sesión',
  pausedTitle: 'En pausa',
  pausedText: 'El tiempo no cuenta. Quedan {time}.',
  resume: 'Reanudar',
  blockedTitle: 'Conexión perdida',
  blockedText: 'El tiempo no cuenta hasta que se pueda contactar de nuevo con el mercado.',
  retry: 'Reintentar',
  endedTitle: 'Sesión terminada',
  endedText: 'El mercado muestra lo que costó.',
  failedTitle: 'Sin sesión',
  back: 'Volver al mercado',
  remaining: 'Quedan {time}',
  config_invalid: setUp,
  launch_missing: 'Abre esta aplicación desde el mercado.',
  launch_invalid: stale,
  launch_wrong_provider: stale,
  launch_already_used: stale,
  launch_expired: stale,
  session_ended: over,
  session_superseded: 'Tu sesión continúa en otro navegador.',
  session_invalid: over,
  session_paused_by_user: 'Reanuda esta sesión en el mercado.',
  origin_not_allowed: setUp,
  offline: waiting,
  server_unavailable: waiting,
  rate_limited: waiting,
  request_refused: 'No ha funcionado. Inténtalo de nuevo.',
  not_running: over,
}

export default texts
