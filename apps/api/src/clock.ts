/** The server's time, as an argument: tests and the simulation move it. */
export type Clock = () => Date

export const systemClock: Clock = () => new Date()
