import duckdb
duckdb.sql("COPY (SELECT a, sum(b) AS s FROM 'x.parquet' t JOIN u USING (k) GROUP BY a) TO 'y.csv'")
