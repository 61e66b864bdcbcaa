import type { Deps } from '../deps.ts'
import { createX } from '../x/create-x.ts'
import type { Network } from './network.ts'

/** The network this deployment publishes to, through its own X app. */
export const networkOf = ({ env, fetch, now }: Pick<Deps, 'env' | 'fetch' | 'now'>): Network =>
  createX({
    apiUrl: new URL(env.X_API_URL).origin,
    authorizeUrl: env.X_AUTHORIZE_URL,
    tokenUrl: env.X_TOKEN_URL,
    clientId: env.X_CLIENT_ID,
    clientSecret: env.X_CLIENT_SECRET,
    fetch,
    now,
  })
