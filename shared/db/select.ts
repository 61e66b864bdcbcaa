import type { Deps } from '../deps.ts'
import { restRequest } from './rest.ts'
import { callerOptions } from './rpc.ts'

/**
 * Reads rows of a table or view of schema `public` under the caller's policies.
 * `query` is PostgREST's: `{ id: 'eq.…', order: 'id.desc', limit: '10' }`.
 */
export type Select = <Row>(table: string, query: Record<string, string>) => Promise<Row[]>

export const selectAs =
  (deps: Pick<Deps, 'env' | 'fetch'>, token: string): Select =>
  <Row>(table: string, query: Record<string, string>) =>
    restRequest<Row[]>(callerOptions(deps, token), `${table}?${new URLSearchParams(query)}`, {
      method: 'GET',
    })
