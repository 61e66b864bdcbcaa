import { randomUUID } from 'node:crypto'
import { beforeAll, expect, inject, test } from 'vitest'
import { asSuperuser } from '../helpers/accounts.ts'
import { gif, jpeg, mp4, png } from '../helpers/files.ts'
import { type MediaFrontend, mediaFrontend } from '../helpers/media-frontend.ts'
import { untilUnconfirmedOnce } from '../helpers/sandbox-account.ts'
import { sandboxX } from '../helpers/sandbox-x.ts'
import { until } from '../helpers/until.ts'

let page: MediaFrontend
beforeAll(async () => {
  page = await mediaFrontend(inject('stack'))
})

test('a picture goes from a browser to X, described, with its post', async () => {
  const file = png(320, 200)
  const medium = await page.begin(file, 'image/png', { alt_text: 'a grey field' })
  const preflight = await fetch(medium.upload.url, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://app.example.com',
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'content-type',
    },
  })
  expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
  expect((await page.put(medium, file)).status).toBe(200)

  const text = `with a picture ${randomUUID()}`
  const postId = await page.publish({ content: text, media_ids: [medium.id] })
  const post = await page.untilStatus(postId, 'published')

  expect(post.segments).toMatchObject([{ media_ids: [medium.id], status: 'published' }])
  expect((await page.accepted()).at(-1)).toMatchObject({
    text,
    media: [{ media_type: 'image/png', alt_text: 'a grey field' }],
  })
  const { body } = await page.api('GET', `/media/${medium.id}`)
  expect(body).toMatchObject({ status: 'ready', kind: 'image', width: 320, height: 200 })
  const seen = await fetch(body.view.url)
  expect([seen.status, seen.headers.get('content-type')]).toEqual([200, 'image/png'])
  expect(new Uint8Array(await seen.arrayBuffer())).toEqual(new Uint8Array(file))
})

test('pictures keep their order, and a post may have nothing else', async () => {
  const files = [png(10, 10), jpeg(20, 20), gif(30, 30, 1)] as const
  const ids = [
    await page.upload(files[0], 'image/png', { alt_text: 'first' }),
    await page.upload(files[1], 'image/jpeg', { alt_text: 'second' }),
    await page.upload(files[2], 'image/gif', { alt_text: 'third' }),
  ]
  const postId = await page.publish({ content: undefined, media_ids: ids.toReversed() })
  await page.untilStatus(postId, 'published')

  const sent = (await page.accepted()).at(-1)
  expect(sent?.text).toBe('')
  expect(sent?.media.map(({ alt_text }) => alt_text)).toEqual(['third', 'second', 'first'])
})

test('a post of pictures alone whose answer is lost is found by them, and never sent again', async () => {
  const picture = await page.upload(png(11, 11), 'image/png')
  await sandboxX(inject('stack').x_url).addFault({
    match: { username: page.account.username, method: 'POST', path: '/2/tweets' },
    kind: 'reset_after',
    times: 1,
  })
  const before = (await page.accepted()).length
  const postId = await page.publish({ content: undefined, media_ids: [picture] })

  await untilUnconfirmedOnce(page.account.client, postId)
  const post = await page.untilStatus(postId, 'published', 45_000)
  const accepted = await page.accepted()
  expect(accepted).toHaveLength(before + 1)
  expect(post.segments[0].remote_id).toBe(accepted.at(-1)?.id)
})

test('a video that X processes slowly holds its post back, and no other', async () => {
  await page.setMedia({ processing_ms: 4_000 })
  const video = await page.upload(mp4({ payload: 300_000 }), 'video/mp4')
  const slow = await page.publish({ media_ids: [video] })
  const quick = await page.publish({})

  await page.untilStatus(quick, 'published')
  expect((await page.read(slow)).status).toBe('scheduled')
  await page.untilStatus(slow, 'published')
  await page.setMedia({ processing_ms: 200 })
})

test('a video X cannot process fails its post, with what to do', async () => {
  await page.setMedia({ processing_error: 'Unsupported codec' })
  const video = await page.upload(mp4(), 'video/mp4')
  const later = new Date(Date.now() + 600_000).toISOString()
  const postId = await page.publish({ media_ids: [video], scheduled_at: later })

  const post = await page.untilStatus(postId, 'failed')
  expect(post.failure).toMatchObject({
    slug: 'media-processing-failed',
    detail: 'Unsupported codec',
    who: 'author',
    media_id: video,
  })
  expect(post.failure.remedy).toContain('H.264')
  await page.setMedia({ processing_error: null })
})

test('an upload X has forgotten is made again, and the post goes out', async () => {
  const picture = await page.upload(png(8, 8), 'image/png')
  const dueAt = new Date(Date.now() + 8_000)
  const postId = await page.publish({ media_ids: [picture], scheduled_at: dueAt.toISOString() })
  const first = await until('it is on X', async () => (await page.knownMedia()).at(-1)?.id)
  await asSuperuser(
    `update private.media_uploads set remote_id = '5' where media_id = $1 and remote_id = $2`,
    [picture, first],
  )

  await page.untilStatus(postId, 'published', 30_000)
  const [shown] = (await page.accepted()).at(-1)?.media ?? []
  expect(shown?.id).not.toBe(first)
})

test('a file that is not what it was called is refused visibly', async () => {
  const wrong = await page.upload(jpeg(9, 9), 'image/png')
  const broken = await page.upload(Buffer.from('no picture at all'), 'image/png')
  const long = await page.upload(mp4({ seconds: 141 }), 'video/mp4')

  const draft = await page.post({ content: 'x', media_ids: [wrong, broken] })
  expect(draft.status).toBe(422)
  expect(draft.body.errors).toMatchObject([
    { pointer: '/media_ids/0', slug: 'media-type-mismatch' },
    { pointer: '/media_ids/1', slug: 'media-unreadable' },
  ])
  const body = { account_id: page.account.id, content: 'x', media_ids: [long] }
  const checked = await page.api('POST', '/posts/validate', { body })
  expect(checked.body.valid).toBe(false)
  expect(checked.body.segments[0].problems).toMatchObject([{ slug: 'media-duration' }])
  expect((await page.api('GET', `/media/${wrong}`)).body).toMatchObject({
    status: 'rejected',
    rejection: { slug: 'media-type-mismatch' },
  })
})

test('what goes together is checked before anything is kept', async () => {
  const [one, film] = [
    await page.upload(png(1, 1), 'image/png'),
    await page.upload(mp4(), 'video/mp4'),
  ]
  const mixed = await page.post({
    segments: [{ text: 'a' }, { text: 'b', media_ids: [one, film] }],
  })
  expect([mixed.status, mixed.body.errors[0]]).toMatchObject([
    422,
    { pointer: '/segments/1/media_ids', slug: 'media-mixed' },
  ])
  const images = Array.from({ length: 5 }, () => one)
  const crowded = { account_id: page.account.id, content: 'x'.repeat(25_001), media_ids: images }
  const checked = await page.api('POST', '/posts/validate', { body: crowded })
  expect(checked.body.segments[0].length).toBe(25_001)
  expect(checked.body.segments[0].problems.map(({ slug }: { slug: string }) => slug)).toEqual(
    expect.arrayContaining(['text-too-long', 'media-too-many']),
  )
  const large = await page.api('POST', '/media', {
    body: { file_name: 'a.png', content_type: 'image/png', bytes: 6_000_000 },
  })
  expect([large.status, large.body.errors[0].pointer]).toEqual([422, '/bytes'])
  const strange = await page.api('POST', '/media', {
    body: { file_name: 'a.svg', content_type: 'image/svg+xml', bytes: 10 },
  })
  expect([strange.status, strange.body.errors[0].pointer]).toEqual([422, '/content_type'])
})

test('a post waits as a draft for a file that has not come, and cannot be scheduled', async () => {
  const file = png(5, 5)
  const medium = await page.begin(file, 'image/png')
  const draft = await page.post({ content: 'soon', media_ids: [medium.id] })
  expect(draft.status).toBe(201)
  expect(draft.body.warnings).toMatchObject([{ slug: 'media-not-ready' }])
  const now = { body: { scheduled_at: 'now' } }
  const early = await page.api('POST', `/posts/${draft.body.id}/schedule`, now)
  expect([early.status, early.body.errors?.[0]?.slug]).toEqual([422, 'media-not-ready'])

  await page.put(medium, file)
  expect((await page.api('POST', `/posts/${draft.body.id}/schedule`, now)).status).toBe(200)
  await page.untilStatus(draft.body.id, 'published')
})

test('only such a file as was announced is taken, and only where it was announced', async () => {
  const file = png(6, 6)
  const medium = await page.begin(file, 'image/png')
  const larger = await page.put(medium, Buffer.concat([file, Buffer.alloc(1)]))
  expect(larger.status).toBe(403)
  const { url } = medium.upload
  const other = await fetch(url, {
    method: 'PUT',
    headers: { 'content-type': 'text/html' },
    body: file,
  })
  expect(other.status).toBe(403)
  const moved = await fetch(url.replace(medium.id, randomUUID()), {
    method: 'PUT',
    headers: medium.upload.headers,
    body: file,
  })
  expect(moved.status).toBe(403)
  expect((await page.api('GET', `/media/${medium.id}`)).body.status).toBe('uploading')
})

test('what a post is still to show cannot be deleted; then it goes, with its file', async () => {
  const file = png(7, 7)
  const medium = await page.begin(file, 'image/png')
  await page.put(medium, file)
  const later = new Date(Date.now() + 3_600_000).toISOString()
  const postId = await page.publish({ media_ids: [medium.id], scheduled_at: later })
  const refused = await page.api('DELETE', `/media/${medium.id}`)
  expect(refused.status).toBe(409)
  expect(refused.body.type).toContain('media-in-use')
  expect(refused.body.detail).toContain(postId)

  await page.api('DELETE', `/posts/${postId}`)
  expect((await page.api('DELETE', `/media/${medium.id}`)).status).toBe(204)
  expect((await page.api('GET', `/media/${medium.id}`)).status).toBe(404)
  const again = await page.post({ content: 'x', media_ids: [medium.id] })
  expect([again.status, again.body.errors[0].slug]).toEqual([422, 'media-unknown'])
  await until('its file is removed', async () => {
    const [row] = await asSuperuser<{ next_try_at: Date }>(
      'select next_try_at from private.object_removals where object_key like $1',
      [`%${medium.id}`],
    )
    // Once more after the upload URL has expired.
    return row !== undefined && new Date(row.next_try_at).getTime() > Date.now() + 3_600_000
  })
})

test("another workspace's media are as absent as none", async () => {
  const mine = await page.upload(png(2, 2), 'image/png')
  const stranger = await mediaFrontend(inject('stack'))

  expect((await stranger.api('GET', `/media/${mine}`)).status).toBe(404)
  expect((await stranger.api('DELETE', `/media/${mine}`)).status).toBe(404)
  const alt = { body: { alt_text: 'mine' } }
  expect((await stranger.api('PATCH', `/media/${mine}`, alt)).status).toBe(404)
  const stolen = await stranger.post({ content: 'x', media_ids: [mine] })
  expect([stolen.status, stolen.body.errors[0].slug]).toEqual([422, 'media-unknown'])
  expect((await stranger.api('GET', '/media')).body.data).toEqual([])
  const listed = (await page.api('GET', '/media?limit=1')).body
  expect([listed.data[0].id, listed.has_more]).toEqual([mine, true])
})

test('files that came show up in the list, and by themselves', async () => {
  const [listed, unread] = [png(11, 12), png(13, 14)] as const
  const first = await page.begin(listed, 'image/png', {})
  const second = await page.begin(unread, 'image/png', {})
  await page.put(first, listed)
  await page.put(second, unread)
  await asSuperuser('update public.media set next_look_at = now() where id = $1', [second.id])
  const noticed = async () => {
    const sql = 'select status, width from public.media where id = $1'
    const [row] = await asSuperuser<{ status: string; width: number }>(sql, [second.id])
    return row?.status === 'ready' && row.width === 13
  }
  await until('the worker has noticed the file', noticed, 20_000)

  const list = (await page.api('GET', '/media')).body as { data: { id: string; status: string }[] }
  expect(list.data.find(({ id }) => id === first.id)).toMatchObject({ status: 'ready', width: 11 })
})
