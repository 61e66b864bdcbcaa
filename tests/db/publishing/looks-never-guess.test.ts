import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TimelineItem } from '../../../shared/networks/network.ts'
import { observePost } from '../../../shared/publishing/observe-post.ts'
import { type ClockedWorker, openClockedWorker } from '../../helpers/clocked-worker.ts'
import { connect, type Tx } from '../../helpers/database.ts'
import { postWithMedia, readyMedia, uploadAll } from '../../helpers/media.ts'
import { count, readPost, readSegments, schedulePost } from '../../helpers/publishing.ts'

const SLOW = { timeout: 90_000 }

let tx: Tx
let world: ClockedWorker
beforeAll(async () => {
  tx = await connect()
  world = await openClockedWorker(tx)
  // X would refuse what these tests need: the same text twice.
  await world.x.set('limits', { duplicate_window_ms: 0 })
})
afterAll(() => world.close())

/** Sends posts one after the other; of each, X keeps its answer to itself or never gets the request. */
const sendUnheard = async (username: string, texts: string[][], fates: ('taken' | 'lost')[]) => {
  const account = await world.connect(username)
  const posts: string[] = []
  for (const [index, segments] of texts.entries()) {
    await world.x.set('faults', {
      match: { username, method: 'POST', path: '/2/tweets' },
      kind: fates[index] === 'taken' ? 'reset_after' : 'reset_before',
      times: 1,
    })
    const options = { due: world.now(), latePolicy: 'publish', texts: segments }
    posts.push(await schedulePost(tx, account, options))
    await world.ring()
  }
  await world.x.clearFaults()
  return { account, posts }
}

const statuses = async (posts: string[]) =>
  Promise.all(posts.map(async (post) => (await readPost(tx, post)).status))

const remoteIds = async (posts: string[]) =>
  Promise.all(posts.map(async (post) => (await readSegments(tx, post))[0]?.remote_id))

const itemOf = (remoteId: string, text: string, createdAt: Date): TimelineItem => ({
  remoteId,
  authorId: null,
  text,
  createdAt,
  replyTo: null,
  quotes: null,
  media: [],
})

const remoteUserOf = async (accountId: string) =>
  (
    await tx.query<{ remote_user_id: string }>(
      'select remote_user_id from public.accounts where id = $1',
      [accountId],
    )
  ).rows[0]?.remote_user_id ?? ''

test(
  'of two posts alike, of which X took one, neither is adopted: a person decides',
  SLOW,
  async () => {
    const { posts } = await sendUnheard(
      'alike',
      [['Good morning'], ['Good morning']],
      ['lost', 'taken'],
    )

    await world.pass(1_200)

    expect(await statuses(posts)).toEqual(['unconfirmed', 'unconfirmed'])
    const [taken] = await world.accepted('alike')
    for (const post of posts) {
      const { failure } = await readPost(tx, post)
      expect(failure).toMatchObject({
        slug: 'ambiguous-on-x',
        detail: expect.stringContaining(taken ?? ''),
      })
    }
    expect(await world.accepted('alike')).toHaveLength(1)
  },
)

test('two posts alike that X both took are adopted in the order they were sent', SLOW, async () => {
  const { posts } = await sendUnheard('twins', [['Hello'], ['Hello']], ['taken', 'taken'])

  await world.pass(60, 15)

  expect(await statuses(posts)).toEqual(['published', 'published'])
  expect(await remoteIds(posts)).toEqual(await world.accepted('twins'))
})

test('a post that another attempt under way may have made is not adopted', SLOW, async () => {
  const { account, posts } = await sendUnheard('rival', [['Same']], ['lost'])
  const rival = await schedulePost(tx, account, { due: world.now(), texts: ['Same'] })
  const item = itemOf('900', 'Same', world.now())
  const remoteUserId = await remoteUserOf(account.id)

  // As it is while a worker waits for its answer.
  await tx.query('begin')
  await tx.query(
    `insert into private.live_attempts (
       post_id, position, number, account_id, workspace_id, go_id, sending_at, deadline_at
     )
     select id, 0, 1, account_id, workspace_id, gen_random_uuid(), $2, $2::timestamptz + interval '30 seconds'
     from public.posts where id = $1`,
    [rival, world.now()],
  )
  await observePost(world.deps, world.network, { remoteUserId, item })
  expect(await statuses(posts)).toEqual(['unconfirmed'])
  expect(await count(tx, `private.remote_posts where remote_id = '900'`)).toBe(0)
  await tx.query('rollback')

  await observePost(world.deps, world.network, { remoteUserId, item })
  expect(await statuses(posts)).toEqual(['published'])
})

test(
  'of finds alike, none is adopted while the latest may be another attempt’s',
  SLOW,
  async () => {
    const { account, posts } = await sendUnheard(
      'order',
      [['Thrice'], ['Thrice']],
      ['lost', 'lost'],
    )
    const rival = await schedulePost(tx, account, { due: world.now(), texts: ['Thrice'] })
    const ago = (seconds: number) => new Date(world.now().getTime() - seconds * 1_000)
    const finds = posts.map((post_id, index) => ({
      post_id,
      position: 0,
      verdict: 'found',
      remote_id: `80${index}`,
      // X's clock is behind: only the later one may have come after the rival began.
      sent_at: ago(index === 0 ? 150 : 0),
    }))
    const disputed = () =>
      count(tx, `private.disputed_finds('${JSON.stringify(finds)}') as finds (post_id)`)
    expect(await disputed()).toBe(0)

    await tx.query('begin')
    await tx.query(
      `insert into private.live_attempts (
       post_id, position, number, account_id, workspace_id, go_id, sending_at, deadline_at
     )
     select id, 0, 1, account_id, workspace_id, gen_random_uuid(), $2, $2::timestamptz + interval '30 seconds'
     from public.posts where id = $1`,
      [rival, world.now()],
    )
    expect(await disputed()).toBe(2)
    await tx.query('rollback')
  },
)

test(
  'a post that somebody saw on X is adopted; twice, late or of nobody, it changes nothing',
  SLOW,
  async () => {
    const { account, posts } = await sendUnheard('observed', [['Seen & known']], ['taken'])
    const [post = ''] = posts
    const [remoteId = ''] = await world.accepted('observed')
    const remoteUserId = await remoteUserOf(account.id)
    const observe = (item: TimelineItem, of = remoteUserId) =>
      observePost(world.deps, world.network, { remoteUserId: of, item })

    expect(await observe(itemOf('1', 'Typed by hand', world.now()))).toBe(false)
    expect(await observe(itemOf(remoteId, 'Seen & known', world.now()), 'somebody else')).toBe(
      false,
    )
    expect(await observe(itemOf(remoteId, 'Seen & known', new Date(0)))).toBe(false)
    expect((await readPost(tx, post)).status).toBe('unconfirmed')

    expect(await observe(itemOf(remoteId, 'Seen & known', world.now()))).toBe(true)
    expect(await readPost(tx, post)).toMatchObject({ status: 'published' })
    expect(await remoteIds(posts)).toEqual([remoteId])

    expect(await observe(itemOf(remoteId, 'Seen & known', world.now()))).toBe(false)
    expect(await remoteIds(posts)).toEqual([remoteId])
  },
)

test('what was observed after a resend names both posts', SLOW, async () => {
  const { account, posts } = await sendUnheard('seenlate', [['Late']], ['lost'])
  const [post = ''] = posts
  await world.pass(900)
  expect((await readPost(tx, post)).status).toBe('published')
  const [second = ''] = await world.accepted('seenlate')

  const item = itemOf('777', 'Late', world.now())
  const remoteUserId = await remoteUserOf(account.id)
  await observePost(world.deps, world.network, { remoteUserId, item })

  const { rows } = await tx.query<{ detail: string }>(
    `select detail from private.alerts where kind = 'accepted-after-absent' and subject = $1`,
    [post],
  )
  expect(rows[0]?.detail).toContain('777')
  expect(rows[0]?.detail).toContain(second)
})

test(
  'texts are found as X gives them back: entities, several links, long texts, threads',
  SLOW,
  async () => {
    const username = 'rewritten'
    const long = `${'A long text. '.repeat(60)}https://example.com/long?a=1&b=2`
    const texts = [
      ['a < b && c > d — café https://example.com/a?x=1&y=2 and docs.example.org'],
      ['first of a thread', '@someone & the second https://example.com/2'],
    ]
    const { account, posts } = await sendUnheard(username, texts, ['taken', 'taken'])
    await world.x.set('users', { username, subscription_type: 'Premium' })
    await tx.query('update public.accounts set text_limit = 25000 where id = $1', [account.id])
    await world.x.set('faults', {
      match: { username, method: 'POST', path: '/2/tweets' },
      kind: 'reset_after',
    })
    const options = { due: world.now(), latePolicy: 'publish', texts: [long] }
    posts.push(await schedulePost(tx, account, options))

    await world.pass(300, 15)

    expect(await statuses(posts)).toEqual(['published', 'published', 'published'])
    expect(await world.accepted(username)).toHaveLength(4)
  },
)

/** The owner's own upload and post of a photo, without a word. */
const postByHand = async (username: string) => {
  const { access_token } = await world.x.token(username)
  const { media, publish } = world.network
  const photo = { kind: 'photo', contentType: 'image/png', bytes: 10 } as const
  const begun = await media.begin(access_token, photo)
  if (begun.kind !== 'begun') throw new Error(begun.detail)
  const { remoteId } = begun
  await media.append(access_token, { remoteId, index: 0, bytes: new Uint8Array(10) })
  await media.finish(access_token, remoteId)
  const posted = await publish(access_token, { text: '', mediaIds: [remoteId] })
  if (posted.kind !== 'accepted') throw new Error(posted.detail)
  return posted.remoteId
}

test(
  'a photo that the owner posts by hand is not taken for one that never landed',
  SLOW,
  async () => {
    const account = await world.connect('photographer')
    const options = { due: world.now(), latePolicy: 'publish', text: '' }
    const post = await postWithMedia(tx, account, [[await readyMedia(tx, account.person)]], options)
    await uploadAll(tx, world.now())
    await world.x.set('faults', {
      match: { username: 'photographer', method: 'POST', path: '/2/tweets' },
      kind: '503',
      times: 1,
    })
    await world.pass(1_200)
    expect(await readPost(tx, post)).toMatchObject({
      status: 'unconfirmed',
      failure: { slug: 'not-on-x' },
    })

    const byHand = await postByHand('photographer')
    await world.pass(7_200, 300)

    expect((await readSegments(tx, post))[0]).toMatchObject({ remote_id: null })
    expect(await readPost(tx, post)).toMatchObject({
      status: 'unconfirmed',
      failure: { slug: 'ambiguous-on-x', detail: expect.stringContaining(byHand) },
    })
    expect(await world.accepted('photographer')).toEqual([byHand])
  },
)

test('pictures that X does not name are not adopted while another attempt with as many is open', async () => {
  const account = await world.connect('pictures')
  const due = new Date(world.now().getTime() + 3_600_000)
  const scheduled = () => schedulePost(tx, account, { due, texts: ['Look'] })
  const [found, rival] = [await scheduled(), await scheduled()]
  const disputed = async (verdict: object) => {
    const verdicts = [{ post_id: found, position: 0, verdict: 'found', sent_at: due, ...verdict }]
    const { rows } = await tx.query<{ post: string }>(
      'select post from private.disputed_finds($1) as post',
      [JSON.stringify(verdicts)],
    )
    return rows.map(({ post }) => post)
  }
  const show = (post: string, pictures: number) =>
    tx.query(
      `update public.post_segments
       set media_ids = array(select gen_random_uuid() from generate_series(1, $2::int))
       where post_id = $1`,
      [post, pictures],
    )

  await tx.query('begin')
  await show(found, 1)
  await show(rival, 1)
  await tx.query(
    `insert into private.live_attempts (
       post_id, position, number, account_id, workspace_id, go_id, sending_at, deadline_at
     )
     select id, 0, 1, account_id, workspace_id, gen_random_uuid(), $2, $2
     from public.posts where id = $1`,
    [rival, due],
  )
  expect(await disputed({})).toEqual([found])
  expect(await disputed({ is_certain: true })).toEqual([])
  await show(rival, 2)
  expect(await disputed({})).toEqual([])
  await tx.query('rollback')
})
