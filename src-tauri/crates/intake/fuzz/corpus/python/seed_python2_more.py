#!/usr/bin/env python
import numpy as np
import pandas as pd
from sklearn.externals import joblib
from sklearn.cross_validation import train_test_split
raw = pd.read_csv("input/old.csv")
print raw.shape, "loaded"
if raw.shape[0] <> 10:
    print >>open("log.txt", "a"), "unexpected"
features = ["a", "b"]
X, y = raw[features], raw["c"]
Xa, Xb, ya, yb = train_test_split(X, y)
from sklearn.ensemble import ExtraTreesClassifier
et = ExtraTreesClassifier().fit(Xa, ya)
joblib.dump(et, "output/et.pkl", compress=9)
