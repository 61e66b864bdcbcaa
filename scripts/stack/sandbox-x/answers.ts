/** What one endpoint answers: a finished body and the headers beyond content type and length. */
export type Answer = { status: number; body: string; headers?: Record<string, string> }

export const json = (status: number, body: unknown, headers?: Record<string, string>): Answer => ({
  status,
  body: JSON.stringify(body),
  ...(headers ? { headers } : {}),
})

const problem = (status: number, title: string, detail: string, type = 'about:blank') =>
  json(status, { detail, type, title, status })

const problemType = (name: string) => `https://api.twitter.com/2/problems/${name}`

/** X's refusals, word for word where a capture exists; the client classifies by these. */
export const refusals = {
  unauthorized: () => problem(401, 'Unauthorized', 'Unauthorized'),
  unknownPath: () => problem(404, 'Not Found', 'Not Found'),
  rateLimited: (headers: Record<string, string>): Answer => ({
    ...problem(429, 'Too Many Requests', 'Too Many Requests'),
    headers,
  }),
  failed: () => problem(500, 'Internal Server Error', 'Something went wrong. Try again later.'),
  unavailable: () => problem(503, 'Service Unavailable', 'Service Unavailable'),
  noCredits: (clientId: string) =>
    json(402, {
      account_id: clientId,
      title: 'CreditsDepleted',
      detail: `Your enrolled account [${clientId}] does not have any credits to fulfill this request.`,
      type: problemType('credits'),
    }),
  duplicate: () =>
    problem(403, 'Forbidden', 'You are not allowed to create a Tweet with duplicate content.'),
  notPermitted: () => problem(403, 'Forbidden', 'You are not permitted to perform this action.'),
  notOwnPost: () => problem(403, 'Forbidden', 'You are not authorized to delete this Tweet.'),
  foreignReply: () =>
    problem(
      403,
      'Forbidden',
      'Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post you are replying to.',
    ),
  goneReply: () =>
    problem(
      403,
      'Forbidden',
      'You attempted to reply to a Tweet that is deleted or not visible to you.',
    ),
  unknownMedia: (id: string) =>
    json(404, {
      title: 'Not Found Error',
      detail: `The media id ${id} was not found, or it has expired.`,
      type: problemType('resource-not-found'),
      status: 404,
    }),
  invalid: (parameter: string, message: string) =>
    json(400, {
      errors: [{ parameters: { [parameter]: [] }, message }],
      title: 'Invalid Request',
      detail: 'One or more parameters to your request was invalid.',
      type: problemType('invalid-request'),
    }),
}

/** One entry of `errors` in an answer about several posts. */
export const notFound = (id: string) => ({
  value: id,
  detail: `Could not find tweet with ids: [${id}].`,
  title: 'Not Found Error',
  resource_type: 'tweet',
  parameter: 'ids',
  resource_id: id,
  type: problemType('resource-not-found'),
})

export const notYourField = (id: string, field: string) => ({
  resource_id: id,
  value: id,
  parameter: field,
  resource_type: 'tweet',
  section: 'data',
  title: 'Field Authorization Error',
  detail: `Sorry, you are not authorized to access '${field}' on the Tweet with id: [${id}].`,
  type: problemType('not-authorized-for-field'),
})
