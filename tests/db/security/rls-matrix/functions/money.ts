import { ADMINS, type FunctionRow, VIEWERS, WORKERS } from './outcomes.ts'

const APP = `jsonb_build_object('id', gen_random_uuid(), 'name', 'x', 'client_id', gen_random_uuid())`

/** Budgets, rates and customers' own X apps. */
export const money: Record<string, FunctionRow> = {
  'public.get_budget(uuid)': [VIEWERS, `public.get_budget('{workspace}')`],
  'private.get_budget(uuid)': [VIEWERS, `private.get_budget('{workspace}')`],
  'public.set_budget(uuid,bigint,integer)': [ADMINS, `public.set_budget('{workspace}', 1)`],
  'private.set_budget(uuid,bigint,integer,timestamp with time zone)': [
    ADMINS,
    `private.set_budget('{workspace}', 1, null)`,
  ],
  'service.record_rates(jsonb,timestamp with time zone)': [WORKERS, `service.record_rates('[]')`],
  'public.create_x_app(uuid,jsonb,text)': [
    ADMINS,
    `public.create_x_app('{workspace}', ${APP}, null)`,
  ],
  'private.create_x_app(uuid,jsonb,text)': [
    ADMINS,
    `private.create_x_app('{workspace}', ${APP}, null)`,
  ],
  'public.list_x_apps(uuid)': [VIEWERS, `public.list_x_apps('{workspace}')`],
  'private.list_x_apps(uuid)': [VIEWERS, `private.list_x_apps('{workspace}')`],
  'public.get_x_app(uuid)': [VIEWERS, `public.get_x_app('{app}')`],
  'private.get_x_app(uuid)': [VIEWERS, `private.get_x_app('{app}')`],
  'public.update_x_app(uuid,jsonb,text,integer)': [
    ADMINS,
    `public.update_x_app('{app}', '{"name": "y"}')`,
  ],
  'private.update_x_app(uuid,jsonb,text,integer)': [
    ADMINS,
    `private.update_x_app('{app}', '{"name": "y"}', null, null)`,
  ],
  'public.delete_x_app(uuid,integer)': [ADMINS, `public.delete_x_app('{app}')`],
  'private.delete_x_app(uuid,integer)': [ADMINS, `private.delete_x_app('{app}', null)`],
}
