-- The least version of this schema that a program has to know to work with the ledger. Servers of two releases work side
-- by side while the one is replaced by the other: a migration that only adds leaves this number alone. One that takes
-- something away, or gives something another meaning, begins by raising it to the version of the earliest program that does
-- without, and programs that know less refuse from then on.
-- Runs on: PostgreSQL 13 or newer, and whatever speaks as it does. Its twin for SQLite has the same number and name.
-- Locks the one row of a table for a moment. Programs that know no such column refuse any schema newer than theirs.

ALTER TABLE ledger ADD COLUMN least_schema BIGINT NOT NULL DEFAULT 9 CHECK (least_schema > 0);
