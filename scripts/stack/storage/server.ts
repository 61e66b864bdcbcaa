import type { IncomingMessage, ServerResponse } from 'node:http'
import { createBucket, deleteObjects, headBucket, listObjects } from './buckets.ts'
import { type Call, sendXml } from './call.ts'
import { failure, failures, isFailure } from './failure.ts'
import {
  abortUpload,
  completeUpload,
  createUpload,
  listParts,
  type MultipartUploads,
  uploadPart,
} from './multipart.ts'
import { deleteObject, getObject, putObject } from './objects.ts'
import { type Credentials, verifySignature } from './signature.ts'
import { openStore } from './store.ts'

type Act = (call: Call) => Promise<unknown>

const bucketActs: Record<string, Act> = {
  'PUT ': createBucket,
  'HEAD ': headBucket,
  'GET ': listObjects,
  'POST delete': deleteObjects,
}

const objectActs: Record<string, Act> = {
  'PUT ': putObject,
  'PUT uploadId': uploadPart,
  'GET ': getObject,
  'GET uploadId': listParts,
  'HEAD ': getObject,
  'DELETE ': deleteObject,
  'DELETE uploadId': abortUpload,
  'POST uploads': createUpload,
  'POST uploadId': completeUpload,
}

/** Parts of the query that make another operation of a request. */
const SUBRESOURCES = ['uploads', 'uploadId', 'delete']
/** Parts that would, if this server knew them: answering as if they were absent would be a lie. */
const UNKNOWN = ['acl', 'cors', 'lifecycle', 'policy', 'tagging', 'versioning', 'versions']

const actOf = ({ request, key, query }: Call): Act => {
  if (UNKNOWN.some((name) => query.has(name)) || request.headers['x-amz-copy-source']) {
    throw failures.notImplemented()
  }
  const subresource = SUBRESOURCES.find((name) => query.has(name)) ?? ''
  const act = (key === '' ? bucketActs : objectActs)[`${request.method} ${subresource}`]
  if (!act) throw failures.notImplemented()
  return act
}

const answerFailure = (response: ServerResponse, error: unknown, log: (line: string) => void) => {
  const known = isFailure(error)
  if (!known) log(`storage: ${error instanceof Error ? error.message : error}`)
  if (response.headersSent || response.destroyed) return void response.destroy()
  const { status, code, message } = known
    ? error
    : failure(500, 'InternalError', 'We encountered an internal error. Please try again.')
  sendXml(response, status, 'Error', { Code: code, Message: message })
}

/**
 * Object storage that speaks S3: buckets, objects with ranges and conditions, lists, multipart
 * uploads, and signatures (version 4) in headers or in the query. `path` is the request's path
 * without the prefix it is served under; signatures cover the request as it came.
 */
export const createStorage = (o: {
  directory: string
  credentials: Credentials
  log: (line: string) => void
  now?: () => number
}) => {
  const store = openStore(o.directory)
  const uploads: MultipartUploads = new Map()
  const clock = o.now ?? Date.now

  const handle = async (request: IncomingMessage, response: ServerResponse, path: string) => {
    try {
      const now = clock()
      const sha256 = verifySignature(request, o.credentials, now)
      const url = new URL(path, 'http://storage')
      const [, bucket = '', ...rest] = url.pathname.split('/')
      const key = decodeURIComponent(rest.join('/'))
      const query = url.searchParams
      const call = { store, uploads, request, response, bucket, key, query, sha256, now }
      const act = actOf(call)
      if (act !== createBucket && !store.bucket(bucket)) throw failures.noSuchBucket()
      await act(call)
    } catch (error) {
      answerFailure(response, error, o.log)
      request.resume()
    }
  }
  return { handle, createBucket: store.createBucket }
}
