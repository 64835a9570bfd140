//! Scripts and notebooks: what they do is known without running them.

use anyhow::ensure;
use proofmark_tests::{Outcome, Sandbox};
use serde_json::Value;

#[test]
fn a_script_says_what_it_does_without_running() -> Outcome {
    let sandbox = Sandbox::new()?;
    let cli = sandbox.cli("ada")?;
    sandbox.write("project/requirements.txt", "pandas\n")?;
    sandbox.write("project/shop/__init__.py", "")?;
    sandbox.write(
        "project/shop/config.py",
        "from pathlib import Path\nRAW = Path(__file__).parents[1] / 'data' / 'raw'\n",
    )?;
    sandbox.write(
        "project/train.py",
        "import joblib, pathlib\nimport pandas as pd\nfrom sklearn.linear_model import Ridge\nfrom shop.config import RAW\n\
         pathlib.Path('executed').write_text('')\n\
         df = pd.read_csv(RAW / 'houses.csv').rename(columns={'sq_m': 'area'})\n\
         df['per_room'] = df['area'] / df['rooms']\n\
         model = Ridge().fit(df[['area', 'per_room']], df['price'])\njoblib.dump(model, 'models/ridge.joblib')\n",
    )?;
    let folder = sandbox.folder("project")?;
    let found = cli.ok(["inspect".as_ref(), folder.join("train.py").as_os_str()])?;
    ensure!(
        found["schema"] == "proofmark/inspect/1" && found["format"] == "python" && found["runs"] == true,
        "{found}"
    );
    ensure!(found["reads"][0]["path"] == "data/raw/houses.csv" && found["reads"][0]["line"] == 6, "{}", found["reads"]);
    let fit = &found["fits"][0];
    ensure!(fit["target"] == "price" && fit["saved"][0] == "models/ridge.joblib", "{fit}");
    let flow = |from: &str, to: &str, kind: &str| {
        let flows: &[Value] = fit["flows"].as_array().map_or(&[], Vec::as_slice);
        flows
            .iter()
            .any(|it| it["from"] == from && it["to"] == to && it["kind"] == kind && it["read"] == "data/raw/houses.csv")
    };
    ensure!(flow("sq_m", "area", "identity") && flow("rooms", "per_room", "transformation"), "{}", fit["flows"]);
    ensure!(found["columns"]["renamed"]["sq_m"] == "area", "{}", found["columns"]);
    ensure!(!folder.join("executed").exists() && !folder.join("models").exists(), "something was executed");
    Ok(())
}
