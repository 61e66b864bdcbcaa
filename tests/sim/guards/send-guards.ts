import type { Rpc } from '../../../shared/db/rpc.ts'
import type { Guard } from './guard.ts'
import { rough } from './plans.ts'

const isPost = (init?: RequestInit) =>
  init?.method === 'POST' && String(init.body).includes('"text"')

const postsTwice =
  (send: typeof fetch): typeof fetch =>
  async (input, init) => {
    const once = await send(input, init).catch((error: Error) => error)
    const isFine = once instanceof Response && once.status < 500
    if (isFine || !isPost(init) || init?.signal?.aborted) {
      if (once instanceof Error) throw once
      return once
    }
    return send(input, init)
  }

const withEndlessLeases =
  (service: Rpc): Rpc =>
  async <T>(fn: string, args?: Record<string, unknown>) => {
    const answer = await service<T>(fn, args)
    return fn === 'advance' ? { ...answer, lease_ms: 1e9 } : answer
  }

/** Of what a worker does between Go and X. */
export const SEND_GUARDS: Guard[] = [
  {
    name: 'a POST is made once',
    tampering: { worker: { fetch: postsTwice } },
    sees: /again under one Go/,
    change: rough,
  },
  {
    name: 'nothing is sent when the lease does not cover the request',
    tampering: { worker: { service: withEndlessLeases } },
    sees: /lease does not cover/,
    change: (plan) => ({
      ...rough(plan),
      isolate: { ...rough(plan).isolate, freeze: 0.1, suspends: false },
    }),
  },
]
