-- By whom the platform knows an account: one account of a platform belongs to one user.
alter table accounts add column external_id text collate "C";

-- Until when somebody has the right to refresh its tokens: of several daemons one does.
alter table accounts add column refresh_until bigint;

update accounts set external_id = body::json ->> 'external_id';

create index accounts_with_the_same on accounts (platform, external_id);

-- Of several users with the same one, the last to connect it keeps it; the others are told to connect again.
update accounts set external_id = null, body = jsonb_set(body::jsonb, '{needs_reauth}', 'true')::text
where exists (
    select 1 from accounts as other
    where other.platform = accounts.platform and other.external_id = accounts.external_id
        and (other.body::json ->> 'connected_at' collate "C", other.user_id)
            > (accounts.body::json ->> 'connected_at' collate "C", accounts.user_id)
);

drop index accounts_with_the_same;

create unique index accounts_of_platform on accounts (platform, external_id);

-- A platform's side of a livestream: the latest of each.
create table broadcasts (
    user_id text collate "C" not null,
    platform text collate "C" not null,
    livestream uuid not null,
    planned_at bigint not null,
    state text collate "C" not null,
    -- JSON, in the platform's form
    broadcast text,
    ingest_url text collate "C",
    ingest_key bytea,
    watch_url text collate "C",
    primary key (user_id, platform)
);

-- Where a ban can only be ended by its id.
create table bans (
    user_id text collate "C" not null,
    platform text collate "C" not null,
    viewer_id text collate "C" not null,
    ban_id text collate "C" not null,
    primary key (user_id, platform, viewer_id)
);

-- Where reading an account's events goes on.
create table cursors (
    user_id text collate "C" not null,
    platform text collate "C" not null,
    -- what it belongs to: a broadcast
    scope text collate "C" not null,
    cursor text collate "C" not null,
    primary key (user_id, platform)
);

-- What was spent of a quota on a day.
create table quotas (
    name text collate "C" not null,
    day text collate "C" not null,
    units bigint not null,
    primary key (name, day)
);
