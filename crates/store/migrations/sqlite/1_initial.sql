-- Times are milliseconds since 1970; a body is JSON with everything in full precision; ids of ours are UUIDs.

create table marks (
    name text not null primary key,
    value text not null
) strict;

create table events (
    id blob not null primary key,
    user_id text not null,
    dedupe_key text not null,
    revision integer not null,
    -- the append that changed this row last: tells the writer what it had committed when it crashed
    append_id blob not null,
    kind text not null,
    platform text not null,
    livestream blob,
    -- not of the kinds that come in masses
    notable integer not null,
    occurred_at integer not null,
    received_at integer not null,
    micros integer,
    currency text,
    viewers integer,
    body text not null
) strict;

create unique index events_once on events (user_id, dedupe_key);
create index events_of_user on events (user_id, id);
create index events_notable on events (user_id, id) where notable;
create index events_of_livestream on events (user_id, livestream, kind, currency, micros, id)
    where livestream is not null;

create table event_raws (
    event blob not null primary key,
    raw text not null
) strict;

create table livestreams (
    id blob not null primary key,
    user_id text not null,
    started_at integer not null,
    ended_at integer,
    body text not null,
    -- its numbers, kept before its chat is deleted
    numbers text
) strict;

create index livestreams_of_user on livestreams (user_id, id);
create index livestreams_open on livestreams (user_id) where ended_at is null;

create table settings (
    user_id text not null,
    name text not null,
    body text not null,
    primary key (user_id, name)
) strict;

create table destinations (
    user_id text not null,
    id text not null,
    body text not null,
    stream_key blob not null,
    primary key (user_id, id)
) strict;

create table live_inputs (
    user_id text not null primary key,
    uid text unique,
    ingest_url text not null,
    stream_key blob not null,
    playback text
) strict;

create table outputs (
    user_id text not null,
    destination text not null,
    fingerprint text not null,
    uid text,
    enabled integer not null,
    primary key (user_id, destination)
) strict;

create table alerts (
    id blob not null primary key,
    user_id text not null,
    event blob,
    state text not null,
    created_at integer not null,
    body text not null
) strict;

create index alerts_of_user on alerts (user_id, id);
create index alerts_pending on alerts (user_id, id) where state in ('queued', 'showing');
create index alerts_by_age on alerts (created_at);

create table series (
    user_id text not null,
    begins_at integer not null,
    length_s integer not null,
    platform text not null,
    -- zeros when there was none
    livestream blob not null,
    viewers_min integer,
    viewers_max integer,
    viewers_sum integer,
    viewers_count integer,
    chat_messages integer not null,
    follows integer not null,
    subscriptions integer not null,
    donated text not null,
    primary key (user_id, begins_at, length_s, platform, livestream)
) strict;

create index series_by_age on series (length_s, begins_at);

create table accounts (
    user_id text not null,
    platform text not null,
    version integer not null,
    body text not null,
    access_token blob not null,
    refresh_token blob,
    primary key (user_id, platform)
) strict;

create table widget_tokens (
    user_id text not null,
    widget text not null,
    -- SHA-256 of the token
    hash blob not null unique,
    created_at integer not null,
    primary key (user_id, widget)
) strict;
