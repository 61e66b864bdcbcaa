import { type Row, row } from '../callers.ts'

/** What each caller gets from a function, and the call: {post} stands for an id of workspace A. */
export type FunctionRow = [outcomes: Row, call: string]

// Outcomes: answers; nothing (null, false or an empty list); denied (no right to execute); or the
// status of a refusal. A caller who is no member is told 404, as if the row did not exist.
//
// owner admin editor viewer stranger anon service_role
export const ADMINS = row('answers answers 403 403 404 denied denied')
export const EDITORS = row('answers answers answers 403 404 denied denied')
export const VIEWERS = row('answers answers answers answers 404 denied denied')
export const READERS = row('answers answers answers answers nothing denied denied')
export const TALKERS = row('answers answers answers nothing nothing denied denied')
export const PERSONAL = row('answers nothing nothing nothing nothing denied denied')
export const ANYBODY = row('answers answers answers answers answers denied denied')
export const REFUSES = row('418 418 418 418 418 denied denied')
export const WORKERS = row('denied denied denied denied denied denied answers')
export const SPENT = row('denied denied denied denied denied denied nothing')

/** Any SHA-256. */
export const HASH = `repeat('0', 64)`

/** A row a caller makes up: what it leads to must still be theirs to see. */
export const forged = (table: string, id: string) =>
  `jsonb_populate_record(null::public.${table}, '{"id": "{${id}}"}')`
