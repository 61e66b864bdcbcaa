import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SandboxX, startSandboxX } from '../../scripts/stack/sandbox-x/server.ts'
import { createX, type XConfig } from '../../shared/x/create-x.ts'

export type Accepted = {
  id: string
  username: string
  text: string
  at: number
  reply_to: string | null
  attempts: number
}

export type TokenPair = { access_token: string; refresh_token: string; user_id: string }

/** A sandbox X of one test, with shorthands for its control API. */
export const openSandbox = async (overrides: Partial<XConfig> = {}) => {
  const data = await mkdtemp(join(tmpdir(), 'sandbox-x-'))
  let sandbox: SandboxX = await startSandboxX({ port: 0, data })
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) }
    const response = await fetch(`${sandbox.url}/sandbox/${path}`, init)
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`)
    return (await response.json()) as T
  }
  const client = () =>
    createX({
      apiUrl: sandbox.url,
      authorizeUrl: `${sandbox.url}/i/oauth2/authorize`,
      tokenUrl: `${sandbox.url}/2/oauth2/token`,
      clientId: 'sandbox-client',
      clientSecret: 'sandbox-secret',
      fetch,
      now: () => new Date(),
      ...overrides,
    })
  return {
    url: () => sandbox.url,
    client,
    get: <T>(path: string) => ask<T>('GET', path),
    set: <T>(path: string, body: unknown) => ask<T>('POST', path, body),
    clearFaults: () => ask('DELETE', 'faults'),
    token: (username: string) => ask<TokenPair>('POST', 'tokens', { username }),
    accepted: async () => (await ask<{ accepted: Accepted[] }>('GET', 'accepted')).accepted,
    /** Stops the sandbox and starts it again on what it kept. */
    restart: async () => {
      await sandbox.stop()
      sandbox = await startSandboxX({ port: 0, data })
    },
    close: async () => {
      await sandbox.stop()
      await rm(data, { recursive: true, force: true })
    },
  }
}

export type OpenSandbox = Awaited<ReturnType<typeof openSandbox>>
