/**
 * Bytes in memory of their own, which WebCrypto asks for. Spelled so that Deno's TypeScript (5.6,
 * before Uint8Array became generic) and ours agree on it.
 */
export type Bytes = ReturnType<typeof Uint8Array.from>
