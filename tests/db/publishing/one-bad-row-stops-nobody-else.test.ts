import { expect, test } from 'vitest'
import { type Tx, withTx } from '../../helpers/database.ts'
import {
  at,
  claimJobs,
  claimLooks,
  connectAccount,
  count,
  go,
  readPost,
  resultFor,
  schedulePost,
  settle,
  settleLooks,
  startSending,
  tick,
} from '../../helpers/publishing.ts'

/** A state that no verb makes: whatever brings it about must not spread. */
const corrupt = async (tx: Tx, postId: string) => {
  await tx.query('alter table public.posts disable trigger posts_before_update_refuse_transition')
  await tx.query(`update public.posts set status = 'canceled' where id = $1`, [postId])
  await tx.query('alter table public.posts enable trigger posts_before_update_refuse_transition')
}

/** Nobody can foresee why a row might be refused. */
const refuseUpdatesOf = async (tx: Tx, postId: string, sqlstate = 'P0001') => {
  await tx.query(`
    create function pg_temp.refuse() returns trigger language plpgsql as $$
    begin
      raise exception 'this row cannot be changed' using errcode = '${sqlstate}';
    end $$`)
  await tx.query(`
    create trigger refuse before update on public.posts
    for each row when (old.id = '${postId}') execute function pg_temp.refuse()`)
}

const twoPosts = async (tx: Tx) => [
  await schedulePost(tx, await connectAccount(tx)),
  await schedulePost(tx, await connectAccount(tx)),
]

test('a result that cannot be applied keeps no other of its batch from being settled', () =>
  withTx(async (tx) => {
    const [bad = '', good = ''] = await twoPosts(tx)
    const { claimId, attempts } = await startSending(tx)
    await corrupt(tx, bad)

    await settle(
      tx,
      claimId,
      attempts.map((attempt) => resultFor(attempt, 'refused')),
    )

    expect((await readPost(tx, good)).status).toBe('failed')
    expect(await count(tx, 'private.live_attempts where post_id = $1', [bad])).toBe(1)
    expect(
      await count(tx, `private.alerts where kind = 'result-refused' and subject = $1`, [bad]),
    ).toBe(1)
  }))

test('a worker is told which results could not be applied, and keeps the evidence; so is an operator', () =>
  withTx(async (tx) => {
    const [bad = '', good = ''] = await twoPosts(tx)
    const { claimId, attempts } = await startSending(tx)
    await corrupt(tx, bad)
    const report = (postIds: string[]) => {
      const told = attempts.filter(({ post_id }) => postIds.includes(post_id))
      return settle(
        tx,
        claimId,
        told.map((attempt) => resultFor(attempt, 'refused')),
        { release: told.map(({ account_id }) => account_id) },
      )
    }
    const isTold = () =>
      count(tx, `private.alerts where kind = 'result-refused' and subject = $1`, [bad])
    const refused = [{ post_id: bad, position: 0, number: 1, detail: expect.any(String) }]

    // Alone, too, when nothing else of its call was changed.
    expect(await report([bad])).toMatchObject({ refused })
    expect(await isTold()).toBe(1)
    expect(await report([bad, good])).toMatchObject({ refused })
    expect(await report([good])).toMatchObject({ refused: [] })
    expect(await count(tx, 'private.account_lanes where claim_id = $1', [claimId])).toBe(0)
  }))

test('what nobody repeats fails as a whole when not one result can be applied', () =>
  withTx(async (tx) => {
    const [bad = ''] = await twoPosts(tx)
    await startSending(tx)
    await corrupt(tx, bad)

    await expect(
      tx.query(
        `select private.settle_results(array[
           row($1::uuid, 0, 1, 'refused', null, null, '{}', null, null, null)::private.attempt_result
         ], $2)`,
        [bad, at(1)],
      ),
    ).rejects.toThrow('No result could be settled')
  }))

test('the heartbeat goes on for others when one attempt cannot be rescued', () =>
  withTx(async (tx) => {
    const [bad = '', good = ''] = await twoPosts(tx)
    await startSending(tx)
    await corrupt(tx, bad)

    await tick(tx, at(31))
    const waiting = await schedulePost(tx, await connectAccount(tx), { lateAfterSeconds: 10 })
    await tick(tx, at(40))

    expect((await readPost(tx, good)).status).toBe('unconfirmed')
    expect((await readPost(tx, waiting)).status).toBe('held')
    expect(await count(tx, `private.alerts where kind = 'rescue-failed'`)).toBe(1)
  }))

test('whatever refuses one post of a Go refuses no other, and says so', () =>
  withTx(async (tx) => {
    const [bad = '', good = ''] = await twoPosts(tx)
    const { claimId } = await claimJobs(tx)
    await refuseUpdatesOf(tx, bad)

    expect(await go(tx, claimId, [bad, good])).toMatchObject([{ post_id: good }])
    expect(
      await count(tx, `private.alerts where kind = 'go-refused' and subject = $1`, [bad]),
    ).toBe(1)
  }))

test('a post that Go cannot start is asked for once a minute, and the next of its account goes meanwhile', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const [bad, next] = [await schedulePost(tx, account), await schedulePost(tx, account)]
    const { claimId } = await claimJobs(tx)
    await refuseUpdatesOf(tx, bad)
    expect(await go(tx, claimId, [bad])).toEqual([])
    await settle(tx, claimId, [], { release: [account.id] })

    const again = async (seconds: number) =>
      (await claimJobs(tx, { now: at(seconds), perLane: 1 })).lanes.flatMap(({ jobs }) =>
        jobs.map(({ post_id }) => post_id),
      )
    expect(await again(1)).toEqual([next])
    await tx.query('delete from private.publish_jobs where post_id = $1', [next])
    await tx.query('update private.account_lanes set claim_id = null, lease_expires_at = null')
    await tx.query('select private.refresh_lanes(array[$1::uuid])', [account.id])
    expect(await again(30)).toEqual([])
    expect(await again(60)).toEqual([bad])
  }))

test('the heartbeat rings although a late post cannot be held', () =>
  withTx(async (tx) => {
    const bad = await schedulePost(tx, await connectAccount(tx), { lateAfterSeconds: 10 })
    await refuseUpdatesOf(tx, bad)
    await schedulePost(tx, await connectAccount(tx), { due: at(20) })

    expect(await tick(tx, at(20))).toBe(1)
    expect(await count(tx, `private.alerts where kind = 'late-policy-failed'`)).toBe(1)
  }))

const lateAlerts = (tx: Tx, subject: string) =>
  count(tx, `private.alerts where kind = 'late-policy-failed' and subject = $1`, [subject])

test('a late post that can be neither held nor missed keeps no other from it, and is told of', () =>
  withTx(async (tx) => {
    const bad = await schedulePost(tx, await connectAccount(tx), { lateAfterSeconds: 10 })
    await refuseUpdatesOf(tx, bad)
    const late: string[] = []
    for (const latePolicy of ['hold', 'miss']) {
      const options = { latePolicy, lateAfterSeconds: 11 }
      late.push(await schedulePost(tx, await connectAccount(tx), options))
    }

    await tick(tx, at(20))
    const statuses = await Promise.all(late.map(async (post) => (await readPost(tx, post)).status))
    expect(statuses).toEqual(['held', 'missed'])
    expect(await lateAlerts(tx, bad)).toBe(1)
    expect(await lateAlerts(tx, '')).toBe(0)
    await tick(tx, at(22))
    expect(await lateAlerts(tx, bad)).toBe(1)
  }))

test('a late post that cannot be held is not sent either, and its lane goes on and calls nobody', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const bad = await schedulePost(tx, account, { lateAfterSeconds: 10 })
    await refuseUpdatesOf(tx, bad)
    const claimed = async (seconds: number) => {
      await tick(tx, at(seconds))
      const { claimId, lanes } = await claimJobs(tx, { now: at(seconds) })
      await settle(tx, claimId, [], { release: [account.id], now: at(seconds) })
      return lanes.flatMap(({ jobs }) => jobs.map(({ post_id }) => post_id))
    }
    for (const seconds of [11, 40, 70, 72, 130]) {
      expect(await claimed(seconds)).toEqual([])
      const ready = 'private.account_lanes where ready_at <= $1'
      expect(await count(tx, ready, [at(seconds + 5)])).toBe(0)
    }
    const next = await schedulePost(tx, account, { due: at(131) })
    expect(await claimed(131)).toEqual([next])
  }))

test('a late post is held within a minute after it can be, and nothing more is said of it', () =>
  withTx(async (tx) => {
    const bad = await schedulePost(tx, await connectAccount(tx), { lateAfterSeconds: 10 })
    await refuseUpdatesOf(tx, bad)
    await tick(tx, at(20))
    await tx.query('drop trigger refuse on public.posts')

    await tick(tx, at(79))
    expect((await readPost(tx, bad)).status).toBe('scheduled')
    await tick(tx, at(80))
    expect((await readPost(tx, bad)).status).toBe('held')
    expect(await lateAlerts(tx, bad)).toBe(0)
  }))

test('a thread that cannot go on says so although no late post can be judged', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const thread = await schedulePost(tx, account, { texts: ['one', 'two'] })
    const { claimId, attempts } = await startSending(tx)
    const results = attempts.map((attempt) => resultFor(attempt, 'accepted'))
    await settle(tx, claimId, results, { release: [account.id] })
    await tx.query('update private.account_lanes set ready_at = $1', [at(900)])
    const bad = await schedulePost(tx, await connectAccount(tx), { lateAfterSeconds: 10 })
    await refuseUpdatesOf(tx, bad, '40001')

    await tick(tx, at(20))

    expect((await readPost(tx, thread)).status).toBe('partially_published')
    expect(await lateAlerts(tx, '')).toBe(1)
    await tx.query('drop trigger refuse on public.posts')
    await tick(tx, at(22))
    expect(await lateAlerts(tx, '')).toBe(0)
  }))

test('a job whose post cannot be sent keeps no other of its Go from being sent', () =>
  withTx(async (tx) => {
    const [bad = '', good = ''] = await twoPosts(tx)
    const { claimId } = await claimJobs(tx)
    await corrupt(tx, bad)

    expect(await go(tx, claimId, [bad, good])).toMatchObject([{ post_id: good }])
  }))

test('a verdict that cannot be applied keeps no other of its look from counting', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const [bad, good] = [await schedulePost(tx, account), await schedulePost(tx, account)]
    const { attempts } = await startSending(tx)
    expect(attempts).toHaveLength(2)
    await tick(tx, at(40))
    await refuseUpdatesOf(tx, bad)

    const looks = await claimLooks(tx, at(460))
    const verdicts = looks.map((open) =>
      open.post_id === bad
        ? { ...open, verdict: 'found', remote_id: '11', sent_at: at(2) }
        : { ...open, verdict: 'absent' },
    )
    await settleLooks(tx, verdicts, at(461))

    const counted = 'private.live_attempts where post_id = $1 and absent_count = 1'
    expect(await count(tx, counted, [good])).toBe(1)
    expect((await readPost(tx, bad)).status).toBe('unconfirmed')
    expect(
      await count(tx, `private.alerts where kind = 'verdict-refused' and subject = $1`, [bad]),
    ).toBe(1)
    const waiting = 'private.live_attempts where post_id = $1 and next_look_at > $2'
    expect(await count(tx, waiting, [bad, at(461)])).toBe(1)
  }))
