import { readdir, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startObjectStorage } from '../../helpers/object-storage.ts'
import { until } from '../../helpers/until.ts'

let s3: Awaited<ReturnType<typeof startObjectStorage>>

beforeAll(async () => {
  s3 = await startObjectStorage()
  await s3.createBucket('media')
})
afterAll(() => s3.close())

const bodies = () => readdir(join(s3.directory, 'media', 'bodies'))

test('gives back what was put, whole or a range of it', async () => {
  const headers = { 'content-type': 'text/plain', 'x-amz-meta-of': 'me' }
  const put = await s3.send('/media/a/b c.txt', { method: 'PUT', body: 'hello world', headers })
  expect(put.status).toBe(200)

  const whole = await s3.send('/media/a/b c.txt')
  expect(await whole.text()).toBe('hello world')
  expect(whole.headers.get('content-type')).toBe('text/plain')
  expect(whole.headers.get('x-amz-meta-of')).toBe('me')
  expect(whole.headers.get('etag')).toBe(put.headers.get('etag'))

  const part = await s3.send('/media/a/b c.txt', { headers: { range: 'bytes=6-8' } })
  expect([part.status, await part.text()]).toEqual([206, 'wor'])
  expect(part.headers.get('content-range')).toBe('bytes 6-8/11')
  const tail = await s3.send('/media/a/b c.txt', { headers: { range: 'bytes=-5' } })
  expect(await tail.text()).toBe('world')
  const beyond = await s3.send('/media/a/b c.txt', { headers: { range: 'bytes=11-' } })
  expect(beyond.status).toBe(416)

  const head = await s3.send('/media/a/b c.txt', { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '11'])
})

test('lets in nobody without the key', async () => {
  await s3.send('/media/secret', { method: 'PUT', body: 'x' })
  const signed = await s3.presign('/media/secret', {})

  expect((await fetch(`${s3.endpoint}/media/secret`)).status).toBe(403)
  expect((await fetch(signed)).status).toBe(200)
  expect((await fetch(signed, { method: 'DELETE' })).status).toBe(403)
  expect((await fetch(signed.replace('/secret', '/other'))).status).toBe(403)
  expect((await fetch(signed.replace('127.0.0.1', 'localhost'))).status).toBe(403)
  expect((await fetch(signed.replace(/.$/, (last) => (last === '0' ? '1' : '0')))).status).toBe(403)
  expect(await (await s3.send('/media/secret')).text()).toBe('x')
})

test('a presigned URL works until it expires', async () => {
  const url = await s3.presign('/media/later?X-Amz-Expires=60', { method: 'PUT' })
  expect((await fetch(url, { method: 'PUT', body: 'in time' })).status).toBe(200)

  s3.clock.offsetMs = 61_000
  const late = await fetch(url, { method: 'PUT', body: 'too late' })
  s3.clock.offsetMs = 0
  expect(late.status).toBe(403)
  expect(await late.text()).toContain('expired')
  expect(await (await s3.send('/media/later')).text()).toBe('in time')
})

test('a body other than the signed one is refused and leaves the old object', async () => {
  await s3.send('/media/kept', { method: 'PUT', body: 'old' })
  const headers = { 'content-md5': 'bm90IHRoZSBkaWdlc3Q=' }
  const refused = await s3.send('/media/kept', { method: 'PUT', body: 'new', headers })
  expect(refused.status).toBe(400)
  expect(await (await s3.send('/media/kept')).text()).toBe('old')
})

test('an upload that breaks off leaves the old object and no rest', async () => {
  await s3.send('/media/whole', { method: 'PUT', body: 'whole' })
  const before = await bodies()
  const url = await s3.presign('/media/whole', { method: 'PUT' })
  const broken = request(url, { method: 'PUT', headers: { 'content-length': '1000000' } })
  broken.on('error', () => {})
  broken.write('half of it')
  await until('the upload has begun', async () => (await bodies()).length > before.length)
  broken.destroy()

  await until('the rest is gone', async () => (await bodies()).length === before.length)
  expect(await (await s3.send('/media/whole')).text()).toBe('whole')
})

test('parts become one object in the order the client names', async () => {
  const begun = await (await s3.send('/media/big?uploads', { method: 'POST' })).text()
  const id = /<UploadId>(.+)<\/UploadId>/.exec(begun)?.[1]
  const etags: string[] = []
  for (const [index, body] of ['one ', 'two ', 'three'].entries()) {
    const path = `/media/big?partNumber=${index + 1}&uploadId=${id}`
    const part = await s3.send(path, { method: 'PUT', body })
    etags.push(part.headers.get('etag') ?? '')
  }
  const complete = (numbers: number[]) => {
    const parts = numbers.map(
      (number) =>
        `<Part><PartNumber>${number}</PartNumber><ETag>${etags[number - 1]}</ETag></Part>`,
    )
    const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`
    return s3.send(`/media/big?uploadId=${id}`, { method: 'POST', body })
  }
  expect((await complete([2, 1])).status).toBe(400)
  expect((await complete([1, 2, 3])).status).toBe(200)

  expect(await (await s3.send('/media/big')).text()).toBe('one two three')
  const across = await s3.send('/media/big', { headers: { range: 'bytes=2-9' } })
  expect(await across.text()).toBe('e two th')
  expect((await complete([1])).status).toBe(404)
})

test('lists page by page, in order, by prefix and delimiter', async () => {
  await s3.createBucket('lists')
  for (const key of ['b/2', 'a', 'b/1', 'c']) {
    await s3.send(`/lists/${key}`, { method: 'PUT', body: key })
  }
  const list = async (query: string) => (await s3.send(`/lists?list-type=2${query}`)).text()
  const keys = (body: string) => [...body.matchAll(/<Key>(.+?)<\/Key>/g)].map(([, key]) => key)

  const first = await list('&max-keys=3')
  expect(keys(first)).toEqual(['a', 'b/1', 'b/2'])
  const next = /<NextContinuationToken>(.+)<\/NextContinuationToken>/.exec(first)?.[1]
  expect(keys(await list(`&continuation-token=${next}`))).toEqual(['c'])
  expect(keys(await list('&prefix=b/'))).toEqual(['b/1', 'b/2'])
  const grouped = await list('&delimiter=/')
  expect(keys(grouped)).toEqual(['a', 'c'])
  expect(grouped).toContain('<Prefix>b/</Prefix>')
})

test('what was kept is there after a restart, and what nobody names is not', async () => {
  await s3.send('/media/durable', { method: 'PUT', body: 'still here' })
  await s3.send('/media/gone', { method: 'PUT', body: 'x' })
  expect((await s3.send('/media/gone', { method: 'DELETE' })).status).toBe(204)
  await writeFile(join(s3.directory, 'media', 'bodies', 'left-by-a-kill'), 'half')

  s3.reopen()

  expect(await (await s3.send('/media/durable')).text()).toBe('still here')
  expect((await s3.send('/media/gone')).status).toBe(404)
  expect(await bodies()).not.toContain('left-by-a-kill')
})

test('never answers as if it knew what it does not', async () => {
  expect((await s3.send('/media/a?tagging')).status).toBe(501)
  expect((await s3.send('/nowhere/a')).status).toBe(404)
  expect((await s3.send('/../etc', { method: 'PUT', body: 'x' })).status).not.toBe(200)
})
