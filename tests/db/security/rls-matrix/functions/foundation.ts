import {
  ANYBODY,
  type FunctionRow,
  PERSONAL,
  READERS,
  REFUSES,
  TALKERS,
  VIEWERS,
  WORKERS,
} from './outcomes.ts'

/** What policies, verbs and edge functions stand on. */
export const foundation: Record<string, FunctionRow> = {
  'private.workspace_ids()': [
    READERS,
    `(select bool_or(id = '{workspace}') from private.workspace_ids() as id)`,
  ],
  'private.personal_workspace_id()': [PERSONAL, `private.personal_workspace_id() = '{workspace}'`],
  'private.require_role(uuid,text)': [VIEWERS, `private.require_role('{workspace}', 'viewer')`],
  'private.can_join_topic(text)': [READERS, `private.can_join_topic('post:{scheduled}')`],
  'private.can_write_to_topic(text)': [TALKERS, `private.can_write_to_topic('post:{scheduled}')`],
  'private.refuse(integer,text,text,text)': [REFUSES, `private.refuse(418, 'teapot', 'A teapot.')`],
  'private.uuid_v7_floor(timestamp with time zone)': [ANYBODY, 'private.uuid_v7_floor(now())'],
  'private.uuid_v7_time(uuid)': [ANYBODY, `private.uuid_v7_time('{scheduled}')`],
  'service.readiness(timestamp with time zone)': [WORKERS, 'service.readiness()'],
}
