import { ACCOUNTS, type SimPerson } from './database/fixture.ts'
import { answersAreAdopted } from './invariants/answers-are-adopted.ts'
import {
  alertsAreForeseen,
  eventsTell,
  publishedOnce,
  reauthIsDeserved,
} from './invariants/events-tell.ts'
import { begunIn, givenUpAfterTwoLooks, goWasRight, type Rules } from './invariants/go-was-right.ts'
import { indexRows, segmentKey } from './invariants/index-rows.ts'
import { mediaWereThere } from './invariants/media-were-there.ts'
import { lanesComeUp } from './invariants/nobody-waits-in-silence.ts'
import { rowsAgree } from './invariants/rows-agree.ts'
import { createPatience } from './invariants/sent-in-time.ts'
import { nothingTwice, publishedIsOnX } from './invariants/x-agrees.ts'
import { judgeDeliveries } from './judge-deliveries.ts'
import type { Receipts } from './receivers/receipts.ts'
import type { Truth } from './truth.ts'
import type { Step, World } from './world.ts'
import type { XState } from './x/x-state.ts'

/** Holds every committed step against every invariant, and keeps note of what each Go allowed. */
export const createJudge = (
  world: World,
  people: SimPerson[],
  truth: Truth,
  x: XState,
  receipts: Receipts,
) => {
  const ownerOf = (id: string) => ACCOUNTS.find((account) => account.id === id)?.person ?? 0
  const claimedAt = new Map<string, number>()
  const movedAt = new Map<string, { at: number; account: string }>()
  const rules: Rules = {
    hasMoved: (post) => {
      const moved = movedAt.get(post)
      return moved !== undefined && moved.at >= (claimedAt.get(moved.account) ?? 0)
    },
    workspace: (id) => people[ownerOf(id)]?.workspaceId ?? '',
    resend: (id) => world.plan.workspaces[ownerOf(id)]?.resend ?? false,
  }
  const patience = createPatience()
  let lastCall = ''
  const judge = (faults: string[]) => {
    for (const found of faults) {
      const fault = lastCall ? `${found} (after ${lastCall})` : found
      world.fail(
        fault.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => world.name(id)),
      )
    }
  }
  const note = ({ before, after }: Step, index: ReturnType<typeof indexRows>) => {
    for (const attempt of begunIn(before, after)) {
      const segment = after.segments.find((each) => segmentKey(each) === segmentKey(attempt))
      if (!segment) world.fail('an attempt was begun for no segment')
      truth.allow({
        attempt,
        segment,
        job: index.jobs.get(attempt.post),
        account: index.posts.get(attempt.post)?.account ?? '',
        deadline: attempt.deadline,
        sentBy: null,
        isOver: false,
        accepted: null,
      })
    }
  }
  const noteMoves = ({ before, after, nowMs }: Step, index: ReturnType<typeof indexRows>) => {
    for (const { account, claim } of after.lanes) {
      if (claim !== null && index.lanes.get(account)?.claim !== claim) claimedAt.set(account, nowMs)
    }
    const sending = new Set(
      before.jobs.filter(({ state }) => state === 'sending').map(({ account }) => account),
    )
    for (const { post, account, run, state, media } of after.jobs) {
      const was = index.jobs.get(post)
      const sent = before.live.find((attempt) => attempt.post === post)?.sending ?? nowMs
      // What a former claim brings back late finds its lane with somebody else.
      const isBack =
        was?.state === 'sending' && state === 'waiting' && sent < (claimedAt.get(account) ?? 0)
      // Its media came while its lane was sending, which nobody is fenced off from.
      const isReady = media && was?.media === false && sending.has(account)
      if (was?.run !== run || isBack || isReady) movedAt.set(post, { at: nowMs, account })
    }
  }
  const changes = ({ before, after, call }: Step) => {
    const was = new Map(before.posts.map(({ id, status }) => [id, status]))
    for (const { id, status } of after.posts) {
      if (was.get(id) === status) continue
      world.trace.add(
        world.scheduler.now(),
        'post',
        `${world.name(id)} ${was.get(id) ?? 'new'} → ${status} (${call})`,
      )
    }
  }

  /** What only rows decide, when a step changed some. */
  const judgeRows = (step: Step) => {
    const { before, after, nowMs } = step
    const index = indexRows(before)
    changes(step)
    judge(givenUpAfterTwoLooks(before, after))
    for (const attempt of begunIn(before, after)) {
      judge(goWasRight(before, attempt, nowMs, rules))
      judge(patience.judge(step, attempt))
      judge(mediaWereThere(after, attempt))
    }
    patience.note(step)
    note(step, index)
    noteMoves(step, index)
    judge(rowsAgree(after))
    judge(eventsTell(before, after))
    judge(publishedOnce(after))
    judge(alertsAreForeseen(after))
    judge(reauthIsDeserved(before, after, x))
    judge([...after.holds, ...after.sums])
  }

  return {
    step: (step: Step) => {
      lastCall = step.call
      judge(answersAreAdopted(step))
      if (step.after !== step.before) judgeRows(step)
      judge(lanesComeUp(step.after, step.nowMs))
      judge(nothingTwice(world, step.after, truth))
      judge(publishedIsOnX(world, step.after, truth, x))
      if (world.plan.webhooks.endpoints > 0) judge(judgeDeliveries(step, receipts))
    },
    calm: judge,
  }
}
