import { z } from 'zod'
import type { Caller } from '../db/caller.ts'
import type { Deps } from '../deps.ts'
import { problems } from '../http/problems.ts'
import { personalWorkspaceId } from '../workspaces/personal-workspace.ts'
import { sealAppSecret } from './app-credentials.ts'
import { type CreateXAppInput, type UpdateXAppInput, XApp } from './x-app.ts'

type Need = Pick<Deps, 'env' | 'randomUUID'>

/**
 * Registers an X app of a workspace (null: the personal one). Throws 409 when it is registered there,
 * or accounts were connected through it elsewhere.
 */
export const createXApp = async (
  deps: Need,
  caller: Caller,
  workspaceId: string | null,
  { client_secret: secret, ...app }: CreateXAppInput,
): Promise<XApp> => {
  requireForeign(deps, app.client_id)
  const workspace = workspaceId ?? (await personalWorkspaceId(caller))
  const place = { id: deps.randomUUID(), workspace_id: workspace }
  return XApp.parse(
    await caller.rpc('create_x_app', {
      p_workspace_id: workspace,
      p_app: { id: place.id, ...app },
      p_encrypted_secret:
        secret === undefined ? null : sealAppSecret(deps.env.ENCRYPTION_KEYS, secret, place),
    }),
  )
}

/** The deployment's own app is nobody's to register: its accounts would hang on two apps. */
const requireForeign = ({ env }: Pick<Deps, 'env'>, clientId: string) => {
  if (clientId !== env.X_CLIENT_ID) return
  const detail = "This is the deployment's own app. Connect without x_app_id to use it."
  throw problems.invalid([{ pointer: '/client_id', detail }])
}

/** All X apps of a workspace (null: the personal one), oldest first. */
export const listXApps = async (
  caller: Pick<Caller, 'rpc'>,
  workspaceId: string | null,
): Promise<XApp[]> =>
  z.array(XApp).parse(await caller.rpc('list_x_apps', { p_workspace_id: workspaceId }))

/** Throws 404 when the app is absent or not the caller's to see. */
export const getXApp = async (caller: Pick<Caller, 'rpc'>, appId: string): Promise<XApp> =>
  XApp.parse(await caller.rpc('get_x_app', { p_x_app_id: appId }))

/** Renames an app, replaces its secret or changes its cap. `version` null skips the comparison. */
export const updateXApp = async (
  deps: Pick<Deps, 'env'>,
  caller: Pick<Caller, 'rpc'>,
  appId: string,
  { client_secret: secret, ...changes }: UpdateXAppInput,
  version: number | null,
): Promise<XApp> => {
  const sealed =
    secret === undefined
      ? null
      : sealAppSecret(deps.env.ENCRYPTION_KEYS, secret, await getXApp(caller, appId))
  return XApp.parse(
    await caller.rpc('update_x_app', {
      p_x_app_id: appId,
      p_changes: changes,
      p_encrypted_secret: sealed,
      p_version: version,
    }),
  )
}

/** Removes an app and its secret. Throws 409 while accounts are connected through it. */
export const deleteXApp = async (
  caller: Pick<Caller, 'rpc'>,
  appId: string,
  version: number | null,
): Promise<void> => {
  await caller.rpc('delete_x_app', { p_x_app_id: appId, p_version: version })
}
