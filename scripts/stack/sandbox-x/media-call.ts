import { z } from 'zod'
import { type Answer, refusals } from './answers.ts'
import { asUser, type Call, type Caller } from './call.ts'
import type { World } from './world.ts'

/** A JSON body as the schema has it, or X's refusal naming what is wrong. */
export const parse = <T>(schema: z.ZodType<T>, body: string): T | Answer => {
  try {
    return schema.parse(JSON.parse(body))
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined
    const message = issue?.message ?? 'The request body is not a JSON object.'
    return refusals.invalid(issue?.path.join('.') || 'body', message)
  }
}

type Limited = 'media_initialize' | 'media_append' | 'media_finalize' | 'media_status'

/** Only tokens that were granted media.write. */
export const asUploader = (
  world: World,
  call: Call,
  endpoint: Limited,
  then: (caller: Caller) => Answer,
): Answer =>
  asUser(world, call, endpoint, (caller) =>
    caller.grant.scope.split(' ').includes('media.write') ? then(caller) : refusals.notPermitted(),
  )
