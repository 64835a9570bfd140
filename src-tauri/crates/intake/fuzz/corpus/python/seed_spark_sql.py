from pyspark.sql import SparkSession
from pyspark.sql.functions import col, avg

spark = SparkSession.builder.master("local").getOrCreate()
df = spark.read.format("csv").option("header", "true").load("data/ratings.csv")
df.createOrReplaceTempView("ratings")
top = spark.sql("SELECT movie_id, AVG(rating) AS mean_rating FROM ratings GROUP BY movie_id")
top.write.mode("overwrite").csv("out/top_movies")
df.filter(col("rating") >= 4).select("user_id", "movie_id").write.format("parquet").save("out/likes")
