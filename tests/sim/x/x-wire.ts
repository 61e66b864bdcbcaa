import type { Answer } from '../../../scripts/stack/sandbox-x/answers.ts'
import type { Call } from '../../../scripts/stack/sandbox-x/call.ts'
import type { Host } from '../host.ts'
import type { Permit, Truth } from '../truth.ts'
import type { World } from '../world.ts'
import { endingOf } from './endings.ts'
import { drawFate, type Fate } from './fates.ts'
import { createRefreshes } from './refreshes.ts'
import type { XState } from './x-state.ts'

const callOf = (input: RequestInfo | URL, init: RequestInit = {}): Call => {
  const url = new URL(input instanceof Request ? input.url : input)
  const headers = new Headers(init.headers)
  return {
    method: init.method ?? 'GET',
    path: url.pathname,
    search: url.search.slice(1),
    authorization: headers.get('authorization') ?? undefined,
    body: init.body === undefined || init.body === null ? '' : String(init.body),
    raw: Buffer.alloc(0),
    contentType: headers.get('content-type') ?? undefined,
    id: '',
  }
}

const responseOf = ({ status, body, headers }: Answer) =>
  new Response(status === 204 || status === 304 ? null : body, {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  })

const isPost = ({ method, path }: Call) => method === 'POST' && path === '/2/tweets'

const nameOf = (call: Call) => {
  if (!isPost(call)) return `${call.method} ${call.path}`
  const { text, media } = JSON.parse(call.body)
  return `${call.method} ${call.path} "${[text, ...(media?.media_ids ?? [])].join(' ')}"`
}

/** Tokens come from nowhere near the seed, so a trace leaves them out. */
const bodyOf = ({ body }: Answer) => body.replaceAll(/_token":"[^"]*/g, '_token":"…').slice(0, 60)

const fateText = (fate: Fate) =>
  fate.kind === 'answers'
    ? fate.kind
    : 'ending' in fate
      ? `${fate.kind} ${fate.ending}`
      : `carried out ${(fate.carryMs / 1000).toFixed(1)} s late`

/**
 * The way to X, at the level of fetch. A request leaves a moment after it was asked for: a worker that is
 * frozen in between sends it when it wakes, one that dies never does. What has left is X's.
 */
export const createXWire = (world: World, x: XState, truth: Truth) => {
  const { scheduler, trace } = world
  const random = world.random.fork('x')
  const refreshes = createRefreshes(world)
  const say = (what: string) => trace.add(scheduler.now(), 'x', what)
  const owned = () => world.state().owned.map(([remoteId]) => remoteId)

  const carryOut = (call: Call): Answer => {
    const answer = x.carryOut(call)
    say(`${nameOf(call)} = ${answer.status} ${call.method === 'POST' ? bodyOf(answer) : ''}`)
    return answer
  }

  const carryOutPost = (call: Call, permit: Permit | null): Answer => {
    const answer = carryOut(call)
    if (permit && answer.status === 201) truth.accept(permit, JSON.parse(answer.body).data.id)
    return answer
  }

  const travel = (
    call: Call,
    permit: Permit | null,
    host: Host,
    end: (answer: Answer | Error) => void,
  ) => {
    const fate = refreshes.slip(call) ?? drawFate(world, random, call)
    const answerAt = (ms: number, answer: Answer | Error | null) => {
      if (answer === null) return
      host.resume(scheduler.now() + ms, `X's answer to ${nameOf(call)}`, () => end(answer))
    }
    say(`${host.name} sends ${nameOf(call)}: ${fateText(fate)}`)
    if (fate.kind === 'not carried out, but') {
      answerAt(fate.ms, endingOf(fate.ending, random, world.time(), owned()))
      return
    }
    const carryMs = fate.kind === 'late' ? fate.carryMs : random.between(0, fate.ms / 2)
    scheduler.after(carryMs, () => {
      const answer = carryOutPost(call, permit)
      if (fate.kind === 'answers') answerAt(fate.ms - carryMs, answer)
      else if (fate.kind === 'late') answerAt(20, fate.answers ? answer : null)
      else answerAt(fate.ms - carryMs, endingOf(fate.ending, random, world.time(), owned()))
    })
  }

  return (host: Host): typeof fetch =>
    (input, init) =>
      new Promise<Response>((resolve, reject) => {
        const signal = init?.signal
        let isOver = false
        if (signal?.aborted) return reject(signal.reason)
        const call = callOf(input, init)
        const permit = isPost(call) ? truth.ask(call, x.userOf(call), host.name) : null
        const refresh = refreshes.ask(call, host.name)
        const finish = () => {
          isOver = true
          truth.end(permit)
          if (refresh) refresh.isOver = true
        }
        const giveUp = () => {
          finish()
          reject(signal?.reason)
        }
        signal?.addEventListener('abort', giveUp, { once: true })
        host.resume(scheduler.now() + random.between(0.05, 2), `${nameOf(call)} leaves`, () => {
          if (isOver) return
          travel(call, permit, host, (answer) => {
            if (isOver) return
            finish()
            if (answer instanceof Error) reject(answer)
            else resolve(responseOf(answer))
          })
        })
      })
}
