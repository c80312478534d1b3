/** The server writes `config.js`: this is what stands in it. */
export declare const apiUrl: string
