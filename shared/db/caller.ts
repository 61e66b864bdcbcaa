import type { Deps } from '../deps.ts'
import { type Rpc, rpcAs } from './rpc.ts'
import { type Select, selectAs } from './select.ts'

/** Who makes a request, and the database as they may see it. */
export type Caller = { userId: string; rpc: Rpc; select: Select }

export const callerOf = (
  deps: Pick<Deps, 'env' | 'fetch'>,
  userId: string,
  token: string,
): Caller => ({ userId, rpc: rpcAs(deps, token), select: selectAs(deps, token) })
