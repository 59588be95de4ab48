-- By whom the platform knows an account: one account of a platform belongs to one user.
alter table accounts add column external_id text;

-- Until when somebody has the right to refresh its tokens: of several daemons one does.
alter table accounts add column refresh_until integer;

update accounts set external_id = body ->> '$.external_id';

create index accounts_with_the_same on accounts (platform, external_id);

-- Of several users with the same one, the last to connect it keeps it; the others are told to connect again.
update accounts set external_id = null, body = json_set(body, '$.needs_reauth', json('true'))
where exists (
    select 1 from accounts as other
    where other.platform = accounts.platform and other.external_id = accounts.external_id
        and (other.body ->> '$.connected_at', other.user_id) > (accounts.body ->> '$.connected_at', accounts.user_id)
);

drop index accounts_with_the_same;

create unique index accounts_of_platform on accounts (platform, external_id);

-- A platform's side of a livestream: the latest of each.
create table broadcasts (
    user_id text not null,
    platform text not null,
    livestream blob not null,
    planned_at integer not null,
    state text not null,
    -- JSON, in the platform's form
    broadcast text,
    ingest_url text,
    ingest_key blob,
    watch_url text,
    primary key (user_id, platform)
) strict;

-- Where a ban can only be ended by its id.
create table bans (
    user_id text not null,
    platform text not null,
    viewer_id text not null,
    ban_id text not null,
    primary key (user_id, platform, viewer_id)
) strict;

-- Where reading an account's events goes on.
create table cursors (
    user_id text not null,
    platform text not null,
    -- what it belongs to: a broadcast
    scope text not null,
    cursor text not null,
    primary key (user_id, platform)
) strict;

-- What was spent of a quota on a day.
create table quotas (
    name text not null,
    day text not null,
    units integer not null,
    primary key (name, day)
) strict;
