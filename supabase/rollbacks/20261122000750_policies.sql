set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function public.review_post(jsonb);
drop function public.update_workspace(uuid, jsonb, int);
drop function private.review_post(jsonb, timestamptz);
drop function private.review_notices(
  public.accounts, public.posts, jsonb, timestamptz, boolean, timestamptz
);
drop function private.list_account_warnings(public.accounts, timestamptz);
drop function private.list_same_text_warnings(public.accounts, jsonb, uuid, timestamptz);
drop function private.find_same_texts(uuid, jsonb, uuid, timestamptz);
drop function private.prune_text_fingerprints(timestamptz);
drop function private.same_text_window();
drop function private.note_texts(public.posts);
drop function private.text_fingerprint(text);
drop table private.text_fingerprints;
drop trigger events_after_insert_learn_self_reply on public.events;
drop function private.tg_events__learn_self_reply();
drop function private.learn_self_reply(uuid[], uuid[]);
drop trigger accounts_after_insert_inherit_closure on public.accounts;
drop function private.tg_accounts__inherit_closure();
drop function private.unsuspend_workspace(uuid, timestamptz);
drop function private.suspend_workspace(uuid, text, timestamptz);
drop function private.update_workspace(uuid, jsonb, int, timestamptz);
drop function private.lanes_of(uuid);
drop function private.lock_workspace(uuid);
drop function private.emit_workspace_event(public.workspaces, text);
drop function private.iso(timestamptz);
