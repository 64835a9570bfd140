use proofmark_contract::view::{ReferenceBasis, ReferenceSet, ScreenStart};

use super::Sandbox;
use super::line::wait;

fn month(shift: f64) -> String {
    let rows: Vec<String> = (0..400)
        .map(|row| format!("{row},{:.2},{}\n", 100.0 + shift + f64::from(row % 90), ["a", "b"][row as usize % 2]))
        .collect();
    format!("id,amount,region\n{}", rows.concat())
}

#[test]
fn a_month_is_compared_with_the_month_before_it() {
    let sandbox = Sandbox::new();
    sandbox.write("data/sales_2026-08.csv", &month(0.0));
    sandbox.write("data/sales_2026-09.csv", &month(1.0));
    sandbox.write("data/sales_2026-10.csv", &month(2.0));
    sandbox.write("data/stock_2026-07.csv", "shelf,pieces\n1,2\n2,3\n");
    let project = sandbox.add();
    sandbox.scan(&project);
    wait(&sandbox, sandbox.engine.screen_start(ScreenStart { project: project.id, path: None }).unwrap());

    let show = |path: &str| sandbox.engine.dataset_show(sandbox.place(&project, path)).unwrap();
    let october = show("data/sales_2026-10.csv");
    assert_eq!(october.reference.as_deref(), Some("data/sales_2026-09.csv"));
    assert_eq!(october.reference_basis, Some(ReferenceBasis::Series), "nobody chose it, and the window says so");
    assert_eq!(october.check.unwrap().reference.as_deref(), Some("data/sales_2026-09.csv"), "the checks used it");
    assert_eq!(show("data/sales_2026-08.csv").reference, None, "the first has nothing before it");
    assert_eq!(show("data/stock_2026-07.csv").reference, None, "another series is no reference");

    let nothing = ReferenceSet { project: project.id, path: "data/sales_2026-10.csv".into(), reference: None };
    let chosen = sandbox.engine.dataset_set_reference(nothing).unwrap();
    assert_eq!(chosen.reference, None, "a person's word wins over the series");
}
