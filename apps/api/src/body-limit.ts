/** Of a request's body. Said where bodies are described, and where one is refused. */
export const BODY_KIB_MAX = 64
