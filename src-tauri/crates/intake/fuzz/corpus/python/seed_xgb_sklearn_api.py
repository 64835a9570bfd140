import pandas as pd
from xgboost import XGBClassifier
df = pd.read_csv("fraud.csv")
drop = ["isFraud", "nameOrig", "nameDest"]
features = df.columns.drop(drop)
clf = XGBClassifier(n_estimators=50)
clf.fit(df[features], df["isFraud"], eval_set=[(df[features], df["isFraud"])])
clf.save_model("fraud.ubj")
clf.get_booster().dump_model("fraud_dump.txt")
