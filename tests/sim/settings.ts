import { ACCOUNTS } from './database/fixture.ts'
import type { SimDatabase } from './database/prepare.ts'
import { instant } from './database/session.ts'
import type { World } from './world.ts'

/** What a seed changes of the deployment before it begins. */
export const settingsOf = (world: World, { people, start }: SimDatabase): string[] => {
  const { plan } = world
  const expires = instant(start + plan.x.tokenLifeMs)
  return [
    `set local "sim.now" = '${instant(start)}'`,
    `update private.account_tokens set expires_at = '${expires}'`,
    ...people.map(
      ({ workspaceId }, index) =>
        `update public.workspaces set resend_when_absent = ${plan.workspaces[index]?.resend ?? true}
         where id = '${workspaceId}'`,
    ),
    `set local "sim.tells" = '${plan.webhooks.endpoints > 0 ? 'on' : 'off'}'`,
    `update private.x_apps set posts_per_15_min = ${plan.x.postsPer15Min}`,
    `delete from public.accounts where id <> all ('{${ACCOUNTS.slice(0, plan.accounts).map(({ id }) => id)}}')`,
  ]
}
