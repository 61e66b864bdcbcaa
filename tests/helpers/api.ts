import { inject } from 'vitest'
import type { StackState } from '../../scripts/stack/state.ts'

type Options = { body?: unknown; headers?: Record<string, string> }

/** Calls the API over HTTP as the holder of an access token; without one as nobody. */
export const apiAs =
  (accessToken?: string, stack: Pick<StackState, 'functions_url'> = inject('stack')) =>
  async (method: string, path: string, { body, headers }: Options = {}) => {
    const response = await fetch(`${stack.functions_url}/api${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(accessToken ? { authorization: `Bearer ${accessToken}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') ?? false
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text,
    }
  }
