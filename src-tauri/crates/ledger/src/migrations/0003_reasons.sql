-- Why an inferred edge is believed: a list of `{name, weight, why}`. Edges that were recorded have none.
ALTER TABLE run_edge ADD COLUMN reasons TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(reasons));
