!wget -q http://a/b.csv -O b.csv
%cd data
%%time
import pandas as pd
x = pd.read_csv('b.csv')
