import { expect, test } from 'vitest'
import { asOwner, asUser, signUp } from '../../helpers/callers.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import { addMember, postIn, STATUSES, type Status } from '../../helpers/posts.ts'
import { connectAccount, count, eventTypes, readPost } from '../../helpers/publishing.ts'
import { refusalOf } from '../../helpers/refusal.ts'

const VERBS = {
  schedule: `public.schedule_post($1, now() + interval '1 hour', $2)`,
  publish: 'public.publish_post($1, $2)',
  unschedule: 'public.unschedule_post($1, $2)',
  cancel: 'public.cancel_post($1, $2)',
  retry: 'public.retry_post($1, $2)',
  resume: 'public.resume_post($1, $2)',
  drop: 'public.drop_remainder($1, $2)',
  unpublish: 'public.unpublish_post($1, $2)',
  update: `public.update_post($1, '{"segments": ["new"]}', $2)`,
  resolve: 'public.resolve_post($1, null, $2)',
}

type Verb = keyof typeof VERBS

const illegal = 'illegal-transition'
const sending = 'post-in-flight'
const unknown = 'outcome-unknown'
const onX = 'already-published'
const fixed = 'post-not-editable'
const settled = 'nothing-to-resolve'
const offX = 'not-published'

/** Every verb refused: `slug`, where no verb of its own words it better. */
function never(slug: string): Record<Verb, string> {
  const isOpen = slug === sending || slug === unknown
  return {
    ...{ schedule: slug, publish: slug, unschedule: slug, cancel: slug, retry: slug },
    ...{ resume: slug, drop: slug, unpublish: isOpen ? slug : offX },
    ...{ update: fixed, resolve: settled },
  }
}

/** What each verb makes of a post: its next status, or the slug of a 409. */
const OUTCOMES: Record<Status, Record<Verb, string>> = {
  draft: {
    ...never(illegal),
    ...{ schedule: 'scheduled', publish: 'scheduled', unschedule: 'draft' },
    ...{ cancel: 'canceled', update: 'draft' },
  },
  pending_approval: {
    ...never(illegal),
    ...{ schedule: 'scheduled', publish: 'scheduled', unschedule: 'draft' },
    ...{ cancel: 'canceled', update: 'pending_approval' },
  },
  scheduled: {
    ...never(illegal),
    ...{ schedule: 'scheduled', publish: 'scheduled', unschedule: 'draft' },
    ...{ cancel: 'canceled', update: 'scheduled' },
  },
  held: {
    ...never(illegal),
    ...{ schedule: 'scheduled', publish: 'scheduled', retry: 'scheduled' },
    ...{ cancel: 'canceled', update: 'held' },
  },
  missed: {
    ...never(illegal),
    ...{ schedule: 'scheduled', publish: 'scheduled', retry: 'scheduled' },
    ...{ cancel: 'canceled', update: 'missed' },
  },
  canceled: { ...never(illegal), cancel: 'canceled' },
  publishing: { ...never(sending), unschedule: illegal, resume: 'publishing' },
  published: {
    ...never(illegal),
    ...{ schedule: onX, publish: onX, cancel: onX, drop: 'published', unpublish: 'published' },
  },
  failed: {
    ...never(illegal),
    ...{ schedule: 'scheduled', publish: 'scheduled', retry: 'scheduled' },
    ...{ cancel: 'canceled', update: 'failed' },
  },
  unconfirmed: { ...never(unknown), unschedule: illegal, resolve: 'unconfirmed' },
  partially_published: {
    ...never(illegal),
    ...{ cancel: onX, update: 'segment-on-x', resume: 'partially_published' },
    ...{ drop: 'published', unpublish: 'partially_published' },
  },
}

const cells = STATUSES.flatMap((status) =>
  (Object.keys(VERBS) as Verb[]).map((verb) => ({
    verb,
    status,
    outcome: OUTCOMES[status][verb],
  })),
)

const isStatus = (outcome: string) => (STATUSES as readonly string[]).includes(outcome)

const apply = (tx: Tx, verb: Verb, post: string, version: number | null = null) =>
  tx.query(`select ${VERBS[verb]}`, [post, version])

const refusal = (tx: Tx, verb: Verb, post: string, version: number | null = null) =>
  refusalOf(tx, `select ${VERBS[verb]}`, [post, version])

test.each(cells)('$verb of a $status post: $outcome', ({ verb, status, outcome }) =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await postIn(tx, status, account)
    const before = await readPost(tx, post)
    await asUser(tx, account.person.id)

    if (isStatus(outcome)) await apply(tx, verb, post)
    else expect(await refusal(tx, verb, post)).toMatchObject({ code: 'PT409', message: outcome })

    await asOwner(tx)
    const after = await readPost(tx, post)
    if (isStatus(outcome)) expect(after.status).toBe(outcome)
    else {
      expect(after).toEqual(before)
      expect(await eventTypes(tx, post)).toEqual([])
    }
    const isQueued = (await count(tx, 'private.publish_jobs where post_id = $1', [post])) === 1
    const queues = ['schedule', 'publish', 'retry', 'resume'].includes(verb) && isStatus(outcome)
    // What is publishing goes on by itself.
    expect(isQueued).toBe(queues && status !== 'publishing')
  }),
)

const verbs = (Object.keys(VERBS) as Verb[]).filter((verb) => verb !== 'resolve')

/** A status in which a verb changes something. */
const STARTS: Partial<Record<Verb, Status>> = {
  retry: 'failed',
  resume: 'partially_published',
  drop: 'partially_published',
  unpublish: 'published',
}
const startOf = (verb: Verb): Status => STARTS[verb] ?? 'scheduled'

test.each(verbs)('%s is made on the version that was read, or not at all', (verb) =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await postIn(tx, startOf(verb), account)
    await asUser(tx, account.person.id)

    await apply(tx, verb, post, 1)
    expect(await refusal(tx, verb, post, 1)).toMatchObject({
      code: 'PT412',
      message: 'version-mismatch',
    })
  }),
)

test.each(verbs)('%s is for editors; a stranger sees no such post', (verb) =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await postIn(tx, startOf(verb), account)
    const [editor, viewer, stranger] = [await signUp(tx), await signUp(tx), await signUp(tx)]
    await addMember(tx, account, editor, 'editor')
    await addMember(tx, account, viewer, 'viewer')

    await asUser(tx, viewer.id)
    expect(await refusal(tx, verb, post)).toMatchObject({ code: 'PT403' })
    await asUser(tx, stranger.id)
    // Even a wrong version tells them nothing.
    expect(await refusal(tx, verb, post, 99)).toMatchObject({ code: 'PT404' })
    await asUser(tx, editor.id)
    await apply(tx, verb, post)
  }),
)

const repeatable = verbs.filter((verb) => verb !== 'update' && verb !== 'schedule')

test.each(repeatable)('%s twice is one change and one event', (verb) =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await postIn(tx, startOf(verb), account)
    await asUser(tx, account.person.id)
    await apply(tx, verb, post)
    await apply(tx, verb, post)
    await asOwner(tx)

    expect(await readPost(tx, post)).toMatchObject({ version: 2 })
    expect(await eventTypes(tx, post)).toHaveLength(1)
  }),
)

test('scheduling is refused for a time in the past, and changes nothing', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await postIn(tx, 'draft', account)
    await asUser(tx, account.person.id)
    const sql = `select public.schedule_post($1, now() - interval '61 seconds')`

    expect(await refusalOf(tx, sql, [post])).toMatchObject({
      code: 'PT422',
      message: 'scheduled-in-past',
    })

    await asOwner(tx)
    expect(await readPost(tx, post)).toMatchObject({ status: 'draft', version: 1 })
  }))

test('a dry run of scheduling answers, and changes nothing', () =>
  withTx(async (tx) => {
    const account = await connectAccount(tx)
    const post = await postIn(tx, 'draft', account)
    await asUser(tx, account.person.id)
    const { rows } = await tx.query<{ post: { status: string } }>(
      `select public.schedule_post($1, now() + interval '1 hour', null, true) as post`,
      [post],
    )
    await asOwner(tx)

    expect(rows[0]?.post).toMatchObject({ status: 'scheduled', version: 2 })
    expect(await readPost(tx, post)).toMatchObject({ status: 'draft', version: 1 })
    expect(await eventTypes(tx, post)).toEqual([])
    expect(await count(tx, 'private.publish_jobs')).toBe(0)
  }))
