CREATE SCHEMA IF NOT EXISTS leadstream_raw;

CREATE SCHEMA IF NOT EXISTS leadstream;

CREATE TABLE IF NOT EXISTS leadstream_raw.contacts (
  "key" text PRIMARY KEY,
  document text
);

CREATE OR REPLACE VIEW leadstream.contacts AS
SELECT
  document->>'id' AS "id",
  document->>'account' AS "account",
  (document->>'at')::timestamptz AS "at",
  (document->'number'->>'partition')::bigint AS "number_partition",
  (document->'number'->>'offset')::bigint AS "number_offset",
  (document->'number'->>'ordinal')::bigint AS "number_ordinal",
  document->'cause'->>'kind' AS "cause_kind",
  document->'cause'->>'event' AS "cause_event",
  (document->'cause'->>'release')::bigint AS "cause_release",
  document->'cause'->>'rule' AS "cause_rule",
  (document->'cause'->>'late')::boolean AS "cause_late",
  document->'cause'->>'by' AS "cause_by",
  document->'cause'->'leaves' AS "cause_leaves",
  (document->>'emitted_at')::timestamptz AS "emitted_at",
  document->>'contact' AS "contact",
  document->>'status' AS "status",
  document->'properties' AS "properties",
  (document->>'score')::numeric AS "score",
  document->'scores' AS "scores",
  (document->>'created')::timestamptz AS "created",
  (document->>'last_seen')::timestamptz AS "last_seen"
FROM (
  SELECT regexp_replace(document, '(?<!\\)((?:\\\\)*)\\u0000', '\1', 'g')::jsonb AS document
  FROM leadstream_raw.contacts WHERE document IS NOT NULL
) AS stored;

CREATE TABLE IF NOT EXISTS leadstream_raw.segment_members (
  "key" text PRIMARY KEY,
  document text
);

CREATE OR REPLACE VIEW leadstream.segment_members AS
SELECT
  document->>'id' AS "id",
  document->>'account' AS "account",
  (document->>'at')::timestamptz AS "at",
  (document->'number'->>'partition')::bigint AS "number_partition",
  (document->'number'->>'offset')::bigint AS "number_offset",
  (document->'number'->>'ordinal')::bigint AS "number_ordinal",
  document->'cause'->>'kind' AS "cause_kind",
  document->'cause'->>'event' AS "cause_event",
  (document->'cause'->>'release')::bigint AS "cause_release",
  document->'cause'->>'rule' AS "cause_rule",
  (document->'cause'->>'late')::boolean AS "cause_late",
  document->'cause'->>'by' AS "cause_by",
  document->'cause'->'leaves' AS "cause_leaves",
  (document->>'emitted_at')::timestamptz AS "emitted_at",
  document->>'contact' AS "contact",
  document->>'segment' AS "segment",
  (document->>'since')::timestamptz AS "since"
FROM (
  SELECT regexp_replace(document, '(?<!\\)((?:\\\\)*)\\u0000', '\1', 'g')::jsonb AS document
  FROM leadstream_raw.segment_members WHERE document IS NOT NULL
) AS stored;

CREATE TABLE IF NOT EXISTS leadstream_raw.leads (
  "key" text PRIMARY KEY,
  document text
);

CREATE OR REPLACE VIEW leadstream.leads AS
SELECT
  document->>'id' AS "id",
  document->>'account' AS "account",
  (document->>'at')::timestamptz AS "at",
  (document->'number'->>'partition')::bigint AS "number_partition",
  (document->'number'->>'offset')::bigint AS "number_offset",
  (document->'number'->>'ordinal')::bigint AS "number_ordinal",
  document->'cause'->>'kind' AS "cause_kind",
  document->'cause'->>'event' AS "cause_event",
  (document->'cause'->>'release')::bigint AS "cause_release",
  document->'cause'->>'rule' AS "cause_rule",
  (document->'cause'->>'late')::boolean AS "cause_late",
  document->'cause'->>'by' AS "cause_by",
  document->'cause'->'leaves' AS "cause_leaves",
  (document->>'emitted_at')::timestamptz AS "emitted_at",
  document->>'contact' AS "contact",
  document->>'campaign' AS "campaign",
  document->>'status' AS "status",
  (document->>'points')::numeric AS "points",
  (document->>'made')::timestamptz AS "made",
  (document->>'changed')::timestamptz AS "changed",
  document->'crm' AS "crm"
FROM (
  SELECT regexp_replace(document, '(?<!\\)((?:\\\\)*)\\u0000', '\1', 'g')::jsonb AS document
  FROM leadstream_raw.leads WHERE document IS NOT NULL
) AS stored;

CREATE TABLE IF NOT EXISTS leadstream_raw.campaign_revenue (
  "key" text PRIMARY KEY,
  document text
);

CREATE OR REPLACE VIEW leadstream.campaign_revenue AS
SELECT
  document->>'id' AS "id",
  document->>'account' AS "account",
  (document->>'at')::timestamptz AS "at",
  (document->'number'->>'partition')::bigint AS "number_partition",
  (document->'number'->>'offset')::bigint AS "number_offset",
  (document->'number'->>'ordinal')::bigint AS "number_ordinal",
  document->'cause'->>'kind' AS "cause_kind",
  document->'cause'->>'event' AS "cause_event",
  (document->'cause'->>'release')::bigint AS "cause_release",
  document->'cause'->>'rule' AS "cause_rule",
  (document->'cause'->>'late')::boolean AS "cause_late",
  document->'cause'->>'by' AS "cause_by",
  document->'cause'->'leaves' AS "cause_leaves",
  (document->>'emitted_at')::timestamptz AS "emitted_at",
  document->>'campaign' AS "campaign",
  document->>'currency' AS "currency",
  (document->'won'->>'count')::bigint AS "won_count",
  (document->'won'->>'amount')::numeric AS "won_amount",
  (document->'lost'->>'count')::bigint AS "lost_count",
  (document->'lost'->>'amount')::numeric AS "lost_amount",
  (document->'open'->>'count')::bigint AS "open_count",
  (document->'open'->>'amount')::numeric AS "open_amount"
FROM (
  SELECT regexp_replace(document, '(?<!\\)((?:\\\\)*)\\u0000', '\1', 'g')::jsonb AS document
  FROM leadstream_raw.campaign_revenue WHERE document IS NOT NULL
) AS stored;
