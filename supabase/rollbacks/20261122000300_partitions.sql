set local lock_timeout = '5s';
set local statement_timeout = '60s';

drop function private.maintain_partitions(timestamptz);
drop function private.partition_horizons(timestamptz);
drop function private.create_leaves_ahead(timestamptz);
drop function private.create_leaf(text, timestamptz);
drop function private.leaf_name(text, timestamptz);
drop table private.partition_policies;
drop function private.clear_alert(text, text);
drop function private.raise_alert(text, text, text, text, timestamptz);
drop table private.alerts;
