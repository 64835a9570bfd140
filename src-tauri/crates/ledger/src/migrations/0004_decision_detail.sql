-- What a decision holds beside its word and reason: until when, and the share of rows that a finding concerned when it was made.
ALTER TABLE decision ADD COLUMN detail TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(detail));
