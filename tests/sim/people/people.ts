import type { SimEndpoint } from '../database/endpoints.ts'
import { ACCOUNTS, type SimAccount, type SimPerson } from '../database/fixture.ts'
import type { Truth } from '../truth.ts'
import type { World } from '../world.ts'
import { createActs } from './acts.ts'
import { createEndpointChanges } from './change-endpoints.ts'
import { createPostChanges } from './change-posts.ts'

const ANY_CHANGE = ['pause', 'pause', 'resume', 'budget', 'budget', 'suspend', 'unsuspend']

type Need = {
  world: World
  people: SimPerson[]
  endpoints: SimEndpoint[]
  truth: Truth
  isOut: () => boolean
}

/** The people of the workspaces: they write, schedule, change their minds, pause, and settle doubts. */
export const createPeople = ({ world, people, endpoints, truth, isOut }: Need) => {
  const { plan, scheduler } = world
  const random = world.random.fork('people')
  const accounts = ACCOUNTS.slice(0, plan.accounts)
  const acts = createActs(world, people, isOut)
  const beginEndpoints = createEndpointChanges({ world, people, endpoints, acts })
  const areThrifty = plan.people.governs === 'budgets'
  const changes = areThrifty ? ['budget'] : ANY_CHANGE
  const weights = {
    post: 6,
    write: 1.5,
    pause: areThrifty ? 0 : 1.5,
    workspace: plan.people.governs ? 1.5 : 0,
  }
  const { write, change } = createPostChanges({ world, acts, truth, random })

  const changePost = async (): Promise<void> => {
    const posts = world.state().posts
    const post = posts.length > 0 ? random.pick(posts) : null
    const owner = accounts.find(({ id }) => id === post?.account)
    if (post && owner) await change(owner, post)
  }
  const pauseAccount = (account: SimAccount) =>
    acts.act(account, 'update_account', {
      p_account_id: account.id,
      p_changes: { paused: random.chance(0.5) },
    })
  const changeWorkspace = (account: SimAccount): Promise<unknown> => {
    const p_workspace_id = acts.workspaceOf(account)
    switch (random.pick(changes)) {
      case 'suspend':
        return acts.operate('suspend_workspace', { p_workspace_id, p_reason: 'abuse' })
      case 'unsuspend':
        return acts.operate('unsuspend_workspace', { p_workspace_id })
      case 'budget':
        return acts.act(account, 'set_budget', {
          p_workspace_id,
          p_limit_micros: random.pick([null, 30_000, 60_000, 10_000_000]),
        })
      case 'pause':
        return acts.act(account, 'update_workspace', {
          p_workspace_id,
          p_changes: { paused: true },
        })
      default:
        return acts.act(account, 'update_workspace', {
          p_workspace_id,
          p_changes: { paused: false },
        })
    }
  }
  const meddle = async (): Promise<void> => {
    if (plan.people.only) return changePost()
    const account = random.pick(accounts)
    switch (random.weighted(weights)) {
      case 'write':
        return write(account, random.chance(0.3))
      case 'pause':
        return void (await pauseAccount(account))
      case 'workspace':
        return void (await changeWorkspace(account))
      default:
        return changePost()
    }
  }

  return {
    /** Everything they will do, at times of the seed's choosing. */
    begin: async () => {
      await beginEndpoints()
      const early = Math.ceil(plan.posts * 0.6)
      for (let index = 0; index < early; index += 1) await write(random.pick(accounts))
      for (let index = early; index < plan.posts; index += 1) {
        scheduler.after(random.between(0, plan.stormMs), () => write(random.pick(accounts)))
      }
      for (let index = 0; index < plan.people.actions; index += 1) {
        scheduler.after(random.between(0, plan.stormMs), meddle)
      }
    },
  }
}
