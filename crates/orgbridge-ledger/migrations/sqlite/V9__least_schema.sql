-- The least version of this schema that a program has to know to work with the ledger. Servers of two releases work side
-- by side while the one is replaced by the other: a migration that only adds leaves this number alone. One that takes
-- something away, or gives something another meaning, begins by raising it to the version of the earliest program that does
-- without, and programs that know less refuse from then on.
-- Runs on: SQLite 3.37 or newer. Its twin for PostgreSQL has the same number and name; version 8 is one for servers alone.
-- Touches one row. Programs that know no such column refuse any schema newer than theirs.

ALTER TABLE ledger ADD COLUMN least_schema INTEGER NOT NULL DEFAULT 9 CHECK (least_schema > 0);
