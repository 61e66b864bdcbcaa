/** A refusal as S3 words it: the HTTP status, S3's own code, and what a person reads. */
export type S3Failure = Error & { status: number; code: string }

export const failure = (status: number, code: string, message: string): S3Failure =>
  Object.assign(new Error(message), { name: 'S3Failure', status, code })

export const isFailure = (error: unknown): error is S3Failure =>
  error instanceof Error && error.name === 'S3Failure'

/** Refusals that several places word alike. */
export const failures = {
  noSuchBucket: () => failure(404, 'NoSuchBucket', 'The specified bucket does not exist.'),
  noSuchKey: () => failure(404, 'NoSuchKey', 'The specified key does not exist.'),
  noSuchUpload: () => failure(404, 'NoSuchUpload', 'The specified upload does not exist.'),
  invalid: (message: string) => failure(400, 'InvalidArgument', message),
  notImplemented: () =>
    failure(501, 'NotImplemented', 'This server does not implement what the request implies.'),
}
