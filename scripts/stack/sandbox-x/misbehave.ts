import type { ServerResponse } from 'node:http'
import { type Answer, json, refusals } from './answers.ts'
import type { Fault, FaultKind } from './faults.ts'
import { rateHeaders } from './rate-windows.ts'
import type { World } from './world.ts'

/** What a fault does with a call: `run` carries the call out, `answer` replies to the client. */
export type Turn = {
  world: World
  clientId: string
  response: ServerResponse
  run(): Answer
  answer(answer: Answer): void
}

const reset = (response: ServerResponse) => response.socket?.resetAndDestroy()

const afterwards = (turn: Turn, then: () => void) => {
  turn.run()
  turn.world.journal.flushed(then)
}

const rateLimited = (world: World, ms = 60_000): Answer => {
  const at = Math.ceil((world.now() + ms) / 1_000)
  return refusals.rateLimited(rateHeaders({ limit: 100, remaining: 0, reset: at, allowed: false }))
}

const staySilent = ({ response }: Turn, { ms }: Fault) => {
  if (ms !== undefined) setTimeout(() => reset(response), ms).unref()
}

const acts: Record<Exclude<FaultKind, 'latency'>, (turn: Turn, fault: Fault) => void> = {
  hang: staySilent,
  hang_after: (turn, fault) => afterwards(turn, () => staySilent(turn, fault)),
  reset_before: ({ response }) => void reset(response),
  reset_after: (turn) => afterwards(turn, () => reset(turn.response)),
  late_accept: ({ response, run }, { ms = 0 }) => {
    const accept = () => setTimeout(run, ms).unref()
    if (response.closed) accept()
    else response.once('close', accept)
  },
  accept_later: ({ world, response, run }, { ms = 0 }) => {
    world.faults.postpone(world.now() + ms, run)
    reset(response)
  },
  answer: (turn, { status = 500, body = {} }) =>
    turn.answer(typeof body === 'string' ? { status, body } : json(status, body)),
  '401': (turn) => turn.answer(refusals.unauthorized()),
  '402': (turn) => turn.answer(refusals.noCredits(turn.clientId)),
  '403': (turn) => turn.answer(refusals.notPermitted()),
  duplicate_403: (turn) => turn.answer(refusals.duplicate()),
  '429': (turn, { ms }) => turn.answer(rateLimited(turn.world, ms)),
  '500_before': (turn) => turn.answer(refusals.failed()),
  '500_after': (turn) => afterwards(turn, () => turn.answer(refusals.failed())),
  '503': (turn) => turn.answer(refusals.unavailable()),
}

/**
 * Plays a fault out. `…_before` refuses without carrying the call out, `…_after` carries it out and
 * hides that; `late_accept` stays silent and carries it out `ms` after the client has gone,
 * `accept_later` drops the connection and carries it out when the sandbox's clock is that much later.
 */
export const misbehave = (turn: Turn, fault: Fault): void => {
  if (fault.kind !== 'latency') acts[fault.kind](turn, fault)
}
