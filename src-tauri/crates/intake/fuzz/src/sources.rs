//! Python, notebooks, and what says how they are run.

use proofmark_domain::artifact::RelPath;
use proofmark_intake::python::{ProjectModules, decode_source, read_notebook, read_source};

use crate::{chosen, timed};

/// A script that uses whatever settings there are.
const SCRIPT: &str = "
import argparse, hydra, json, toml, yaml
import pandas as pd
parser = argparse.ArgumentParser()
parser.add_argument('--input', default='a.csv')
parser.add_argument('output')
args = parser.parse_args()
for name in ['params.yaml', 'settings.toml', 'config.json']:
    settings = yaml.safe_load(open(name)) or json.load(open(name)) or toml.load(name)
    frame = pd.read_csv(settings['input'])[settings['columns']]
    frame.to_csv(settings['nested']['output'])
pd.read_csv(args.input).to_csv(args.output)

@hydra.main(config_path='.', config_name='params')
def main(cfg):
    pd.read_csv(cfg.data.path).to_csv(cfg.output)

main()
";

/// Reads the bytes as a script that imports itself.
pub fn source(data: &[u8]) {
    let text = decode_source(data);
    let path = RelPath::new("src/script.py");
    timed(|| {
        let project = ProjectModules::new([(path.clone(), &*text)]);
        let facts = read_source(&text, &path, &project);
        let inside = |at: usize| at < facts.reads.len();
        let flows = facts.writes.iter().flat_map(|it| &it.flows).chain(facts.fits.iter().flat_map(|it| &it.flows));
        assert!(flows.into_iter().all(|flow| inside(flow.read)), "a flow from a read that is not there");
        assert!(facts.fits.iter().flat_map(|it| &it.saved).all(|at| *at < facts.writes.len()), "saved nowhere");
    });
}

/// Reads the bytes as a notebook.
pub fn notebook(data: &[u8]) {
    let text = decode_source(data);
    timed(|| {
        // Bytes that are no notebook are an error, which is an answer.
        let _ = read_notebook(&text, &RelPath::new("a.ipynb"), &ProjectModules::default());
    });
}

/// Reads the bytes as settings of a project, or as command lines that run its script.
pub fn settings(data: &[u8]) {
    let names = ["params.yaml", "settings.toml", "config.json", "Makefile", "run.sh", "dvc.yaml", "MLproject"];
    let Some((name, content)) = chosen(data, &names) else { return };
    let text = decode_source(content);
    let path = RelPath::new("script.py");
    timed(|| {
        let project = ProjectModules::new([(RelPath::new(name), &*text), (path.clone(), SCRIPT)]);
        read_source(SCRIPT, &path, &project);
    });
}
