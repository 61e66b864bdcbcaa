import type { Bytes } from '../crypto/bytes.ts'
import { connectTls } from './connection.ts'
import { createPinnedFetch } from './pinned-fetch.ts'

export type PublicRequest = {
  method: 'POST'
  headers: Record<string, string>
  body: Bytes
  signal: AbortSignal
}

/**
 * `fetch` for a URL that somebody else named and `checkTarget` allowed: reaches nothing but the
 * addresses that were checked, and follows no redirect. Read the body to its end or cancel it.
 */
export type FetchPublic = (
  url: URL,
  addresses: readonly string[],
  request: PublicRequest,
) => Promise<Response>

type Globals = {
  Deno?: { createHttpClient?(options: { proxy: { url: string } }): object }
}

/** The proxy could not be reached, or does not know us: no receiver was ever asked. */
export class ProxyUnreachable extends Error {
  override name = 'ProxyUnreachable'
}

/** How Deno says so. Through a proxy it connects to nothing else and looks up no other name. */
const NO_PROXY = /tcp connect error|dns error|proxy authentication required/

const throughProxy = (url: string): FetchPublic => {
  let client: object | undefined
  return async (target, _addresses, request) => {
    const { Deno: deno } = globalThis as Globals
    if (!deno?.createHttpClient) throw new Error('This runtime knows no proxies')
    client ??= deno.createHttpClient({ proxy: { url } })
    return fetch(target, { ...request, redirect: 'manual', client } as RequestInit).catch(
      (error: unknown) => {
        if (NO_PROXY.test(String(error))) throw new ProxyUnreachable(String(error))
        throw error
      },
    )
  }
}

type Clocks = { monotonic(): number; deadline(ms: number): AbortSignal }

/**
 * Where a proxy is set it decides, when it connects, what is public; else we connect to the
 * addresses that were checked.
 */
export const createFetchPublic = (proxyUrl: string | undefined, clocks: Clocks): FetchPublic =>
  proxyUrl ? throughProxy(proxyUrl) : createPinnedFetch({ connect: connectTls, ...clocks })
