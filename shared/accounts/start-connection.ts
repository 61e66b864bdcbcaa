import { z } from 'zod'
import { toBase64Url } from '../crypto/base64url.ts'
import { encrypt } from '../crypto/encrypt.ts'
import { sha256 } from '../crypto/sha256.ts'
import type { Caller } from '../db/caller.ts'
import type { Deps } from '../deps.ts'
import { problems } from '../http/problems.ts'
import type { Network } from '../networks/network.ts'
import { personalWorkspaceId } from '../workspaces/personal-workspace.ts'

export const ConnectInput = z
  .strictObject({
    return_to: z.url().max(2000).optional().meta({
      description:
        'Where the browser goes in the end, with ?account_id or ?error. Its origin must be one of ALLOWED_ORIGINS.',
    }),
    x_app_id: z.uuid().optional().meta({
      description:
        "An X app of the workspace's own to connect through, instead of the deployment's.",
    }),
  })
  .meta({ id: 'ConnectAccount' })

export const ConnectResult = z
  .object({
    authorize_url: z.url().meta({ description: 'Send the browser there.' }),
    expires_in_seconds: z.int(),
  })
  .meta({ id: 'ConnectAccountResult' })

export type ConnectInput = z.infer<typeof ConnectInput>

type Need = Pick<Deps, 'env' | 'randomBytes'>
type Started = { expires_in_seconds: number; client_id: string | null }

/** Binds a verifier to the one connection attempt it was made for. */
export const verifierAad = (stateHash: string, workspaceId: string): string =>
  `private.oauth_states|encrypted_verifier|${stateHash}|${workspaceId}`

export const callbackUrl = (env: Deps['env']): string =>
  `${env.SUPABASE_URL}/functions/v1/api/accounts/callback`

/** Remembers who wants to connect an account, and gives the page where the network asks them. */
export const startConnection = async (
  deps: Need,
  caller: Caller,
  network: Pick<Network, 'connect'>,
  workspaceId: string | null,
  { return_to: returnTo, x_app_id: appId }: ConnectInput,
): Promise<z.infer<typeof ConnectResult>> => {
  requireAllowedOrigin(deps, returnTo)
  const workspace = workspaceId ?? (await personalWorkspaceId(caller))
  const state = toBase64Url(deps.randomBytes(32))
  const verifier = toBase64Url(deps.randomBytes(32))
  const stateHash = await sha256(state)
  const started = await caller.rpc<Started>('start_connection', {
    p_workspace_id: workspace,
    p_state_hash: stateHash,
    p_encrypted_verifier: encrypt(
      deps.env.ENCRYPTION_KEYS,
      verifier,
      verifierAad(stateHash, workspace),
    ),
    p_return_to: returnTo ?? null,
    p_x_app_id: appId ?? null,
  })
  const app = started.client_id ? { clientId: started.client_id } : undefined
  return {
    authorize_url: await network.connect({
      redirectUri: callbackUrl(deps.env),
      state,
      verifier,
      app,
    }),
    expires_in_seconds: started.expires_in_seconds,
  }
}

/**
 * Whether the browser may be sent to a page. Asked when a connection starts and again when it ends,
 * because a state can be written without our API.
 */
export const mayReturnTo = (env: Deps['env'], page: string): boolean =>
  URL.canParse(page) && env.ALLOWED_ORIGINS.includes(new URL(page).origin)

const requireAllowedOrigin = ({ env }: Need, returnTo: string | undefined) => {
  if (returnTo === undefined || mayReturnTo(env, returnTo)) return
  const detail = 'The origin of return_to is not one of ALLOWED_ORIGINS.'
  throw problems.invalid([{ pointer: '/return_to', detail }])
}
