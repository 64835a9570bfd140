export D=data
python -u script.py \
  --input=$D/a.csv out.csv | tee log && python -m script x
