import pandas as pd
df = pd.read_csv("orders.csv")
df = df.eval("net = gross - tax")
df = df[df["net"].between(1, 100) & (df.channel == "web")]
df = df.nlargest(10, "net")
df.loc[:, ["order", "net"]].to_json("top.json", orient="records")
