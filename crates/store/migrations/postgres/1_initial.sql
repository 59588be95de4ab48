-- Times are milliseconds since 1970; a body is JSON with everything in full precision; ids of ours are UUIDs.

create table marks (
    name text collate "C" not null primary key,
    value text not null
);

create table events (
    id uuid not null primary key,
    user_id text collate "C" not null,
    dedupe_key text collate "C" not null,
    revision bigint not null,
    -- the append that changed this row last: tells the writer what it had committed when it crashed
    append_id uuid not null,
    kind text collate "C" not null,
    platform text collate "C" not null,
    livestream uuid,
    -- not of the kinds that come in masses
    notable boolean not null,
    occurred_at bigint not null,
    received_at bigint not null,
    micros bigint,
    currency text collate "C",
    viewers bigint,
    body text not null
);

create unique index events_once on events (user_id, dedupe_key);
create index events_of_user on events (user_id, id);
create index events_notable on events (user_id, id) where notable;
create index events_of_livestream on events (user_id, livestream, kind, currency, micros, id)
    where livestream is not null;

create table event_raws (
    event uuid not null primary key,
    raw text not null
);

create table livestreams (
    id uuid not null primary key,
    user_id text collate "C" not null,
    started_at bigint not null,
    ended_at bigint,
    body text not null,
    -- its numbers, kept before its chat is deleted
    numbers text
);

create index livestreams_of_user on livestreams (user_id, id);
create index livestreams_open on livestreams (user_id) where ended_at is null;

create table settings (
    user_id text collate "C" not null,
    name text collate "C" not null,
    body text not null,
    primary key (user_id, name)
);

create table destinations (
    user_id text collate "C" not null,
    id text collate "C" not null,
    body text not null,
    stream_key bytea not null,
    primary key (user_id, id)
);

create table live_inputs (
    user_id text collate "C" not null primary key,
    uid text collate "C" unique,
    ingest_url text collate "C" not null,
    stream_key bytea not null,
    playback text collate "C"
);

create table outputs (
    user_id text collate "C" not null,
    destination text collate "C" not null,
    fingerprint text collate "C" not null,
    uid text collate "C",
    enabled boolean not null,
    primary key (user_id, destination)
);

create table alerts (
    id uuid not null primary key,
    user_id text collate "C" not null,
    event uuid,
    state text collate "C" not null,
    created_at bigint not null,
    body text not null
);

create index alerts_of_user on alerts (user_id, id);
create index alerts_pending on alerts (user_id, id) where state in ('queued', 'showing');
create index alerts_by_age on alerts (created_at);

create table series (
    user_id text collate "C" not null,
    begins_at bigint not null,
    length_s bigint not null,
    platform text collate "C" not null,
    -- zeros when there was none
    livestream uuid not null,
    viewers_min bigint,
    viewers_max bigint,
    viewers_sum bigint,
    viewers_count bigint,
    chat_messages bigint not null,
    follows bigint not null,
    subscriptions bigint not null,
    donated text not null,
    primary key (user_id, begins_at, length_s, platform, livestream)
);

create index series_by_age on series (length_s, begins_at);

create table accounts (
    user_id text collate "C" not null,
    platform text collate "C" not null,
    version bigint not null,
    body text not null,
    access_token bytea not null,
    refresh_token bytea,
    primary key (user_id, platform)
);

create table widget_tokens (
    user_id text collate "C" not null,
    widget text collate "C" not null,
    -- SHA-256 of the token
    hash bytea not null unique,
    created_at bigint not null,
    primary key (user_id, widget)
);
