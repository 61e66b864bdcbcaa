set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop trigger events_after_insert_learn_from_answers on public.events;
drop function private.tg_events__learn_from_answers();
drop function private.learn_text_limit(uuid[]);
drop function private.learn_self_reply(uuid[], uuid[]);
