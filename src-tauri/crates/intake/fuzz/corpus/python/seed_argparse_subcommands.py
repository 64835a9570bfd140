import argparse
import pandas as pd

def do_clean(args):
    df = pd.read_csv(args.infile)
    df = df.dropna(how="all")
    df.to_csv(args.outfile, index=False)

def do_summary(args):
    df = pd.read_csv(args.infile)
    df.groupby("category")["value"].agg(["mean", "std"]).to_csv(args.report)

def main(argv=None):
    parser = argparse.ArgumentParser()
    sub = parser.add_subparsers(dest="cmd")
    clean = sub.add_parser("clean")
    clean.add_argument("--infile", default="raw/in.csv")
    clean.add_argument("--outfile", default="clean/out.csv")
    clean.set_defaults(func=do_clean)
    summ = sub.add_parser("summary")
    summ.add_argument("--infile", default="raw/in.csv")
    summ.add_argument("--report", default="reports/summary.csv")
    summ.set_defaults(func=do_summary)
    args = parser.parse_args(argv)
    args.func(args)

if __name__ == "__main__":
    main()
