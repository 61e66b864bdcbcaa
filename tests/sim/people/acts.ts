import type { SimAccount, SimPerson } from '../database/fixture.ts'
import type { Request } from '../database/session.ts'
import type { World } from '../world.ts'

type Asked = Pick<Request, 'schema' | 'fn' | 'args' | 'caller'>

/** How people reach the database: the verbs of the API as signed-in members, refusals included. */
export const createActs = (world: World, people: SimPerson[], isOut: () => boolean) => {
  const say = (what: string) => world.trace.add(world.scheduler.now(), 'people', what)

  const ask = async (request: Asked): Promise<unknown> => {
    if (isOut()) return null
    const answered = await world.call(request)
    const subject = Object.values(request.args).find((value) => typeof value === 'string') as string
    const what = `${request.fn} ${subject ? world.name(subject) : JSON.stringify(request.args)}`
    if (!('error' in answered)) {
      say(`${what}: done`)
      return 'value' in answered ? answered.value : null
    }
    const { code, message } = answered.error
    say(`${what}: refused, ${message}`)
    if (!/^PT4/.test(code ?? '')) world.fail(`${request.fn} failed: ${message}`)
    return null
  }

  const actAs = (person: number, fn: string, args: Record<string, unknown>) =>
    ask({
      schema: 'public',
      fn,
      args,
      caller: { role: 'authenticated', sub: people[person]?.id ?? '' },
    })

  return {
    /** A verb of the API, as one of the people. */
    actAs,
    /** A verb of the API, as the owner of the account. */
    act: (account: SimAccount, fn: string, args: Record<string, unknown>) =>
      actAs(account.person, fn, args),
    /** What an operator types into a SQL console. */
    operate: (fn: string, args: Record<string, unknown>) =>
      ask({ schema: 'private', fn, args, caller: { role: 'postgres' } }),
    /** What the API does with the secret key on behalf of a member it has checked. */
    serve: (fn: string, args: Record<string, unknown>) =>
      ask({ schema: 'service', fn, args, caller: { role: 'service_role' } }),
    workspaceOf: (account: SimAccount) => people[account.person]?.workspaceId ?? '',
  }
}

export type Acts = ReturnType<typeof createActs>
