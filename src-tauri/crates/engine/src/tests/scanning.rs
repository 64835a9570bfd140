use std::fs;

use proofmark_contract::view::RunQuery;
use proofmark_domain::artifact::{ArtifactKind, Change};

use super::{Sandbox, age};
use crate::scan::ScanControl;

fn names(paths: &[proofmark_domain::artifact::RelPath]) -> Vec<&str> {
    paths.iter().map(|it| it.as_str()).collect()
}

#[test]
fn what_happens_to_files_becomes_their_history() {
    let sandbox = Sandbox::new();
    let train = sandbox.write("data/train.csv", "age,income\n31,52000\n44,61000\n");
    sandbox.write("train.py", "import pandas as pd\npd.read_csv('data/train.csv')\n");
    let project = sandbox.add();
    let first = sandbox.scan(&project);
    assert_eq!(names(&first.added), ["data/train.csv", "train.py"], "the first scan meets new files");

    sandbox.clock.advance_ms(60_000);
    fs::write(&train, "age,income\n31,52001\n44,61000\n").unwrap();
    let second = sandbox.scan(&project);
    assert_eq!(names(&second.changed), ["data/train.csv"], "same path, other bytes: a change, not an addition");
    assert!(second.added.is_empty() && second.deleted.is_empty());

    sandbox.clock.advance_ms(60_000);
    fs::create_dir(sandbox.path("project/old")).unwrap();
    fs::rename(&train, sandbox.path("project/old/train.csv")).unwrap();
    let third = sandbox.scan(&project);
    assert_eq!(names(&third.moved), ["old/train.csv"], "the same bytes under another path were moved");
    assert!(third.deleted.is_empty(), "what was moved was not deleted");

    sandbox.clock.advance_ms(60_000);
    fs::remove_file(sandbox.path("project/old/train.csv")).unwrap();
    let fourth = sandbox.scan(&project);
    assert_eq!(names(&fourth.deleted), ["old/train.csv"]);

    let view = sandbox.engine.file_show(sandbox.place(&project, "old/train.csv")).unwrap();
    assert!(view.facts.is_none(), "nothing lies there any more");
    let history: Vec<Change> = view.history.iter().map(|it| it.change).collect();
    assert_eq!(history, [Change::Deleted, Change::Moved], "and its history stays, newest first");
}

#[test]
fn an_unchanged_folder_is_not_read_again() {
    let sandbox = Sandbox::new();
    // The stat cache compares with the clock of the engine, so that clock must be later than the files' own times.
    let ahead =
        i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()).unwrap();
    sandbox.clock.advance_ms(ahead - super::NOON + 3_600_000);
    for number in 0..20 {
        age(&sandbox.write(&format!("data/{number}.csv"), &format!("a,b\n{number},2\n")));
    }
    let project = sandbox.add();
    assert_eq!(sandbox.scan(&project).hashed, 20);
    let again = sandbox.scan(&project);
    assert_eq!((again.hashed, again.files), (0, 20), "no byte is read again");
    assert!(!again.changed_anything());
}

#[test]
fn a_folder_that_vanished_loses_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("data/a.csv", "a,b\n1,2\n");
    let project = sandbox.add();
    sandbox.scan(&project);
    fs::rename(sandbox.path("project"), sandbox.path("elsewhere")).unwrap();
    let control = crate::scan::ScanControl { cancelled: &|| false, progress: &|_, _, _| () };
    let trouble = sandbox.engine.scan(&project, &"".into(), &control).unwrap_err();
    assert!(trouble.0.message.contains("Nothing recorded was lost"), "{trouble}");
    assert_eq!(sandbox.engine.present(&project).unwrap().len(), 1, "a folder that cannot be seen is not an empty one");
    fs::rename(sandbox.path("elsewhere"), sandbox.path("project")).unwrap();
    assert!(!sandbox.scan(&project).changed_anything(), "and when it is back, nothing has changed");
}

#[test]
fn a_stopped_scan_keeps_what_it_recorded_and_goes_on_later() {
    let sandbox = Sandbox::new();
    for number in 0..50 {
        sandbox.write(&format!("{number}.csv"), &format!("a,b\n{number},2\n"));
    }
    let project = sandbox.add();
    let control = crate::scan::ScanControl { cancelled: &|| true, progress: &|_, _, _| () };
    assert!(sandbox.engine.scan(&project, &"".into(), &control).unwrap_err().is_cancelled());
    assert_eq!(sandbox.scan(&project).files, 50, "the next scan sees everything");
    assert_eq!(sandbox.engine.present(&project).unwrap().len(), 50);
}

#[test]
fn content_decides_what_a_file_is() {
    let sandbox = Sandbox::new();
    sandbox.write("picture.csv", "\u{89}PNG\r\n");
    fs::write(sandbox.path("project/picture.csv"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").unwrap();
    sandbox.write("table.txt", "id;amount;city\n1;2.5;Ulm\n2;3.5;Bonn\n3;1.0;Kiel\n");
    let project = sandbox.add();
    sandbox.scan(&project);
    let kind = |path: &str| sandbox.engine.file_show(sandbox.place(&project, path)).unwrap().facts.unwrap().kind;
    assert_eq!(kind("picture.csv"), ArtifactKind::Document, "a picture is none the less a picture");
    assert_eq!(kind("table.txt"), ArtifactKind::Dataset);
}

#[test]
fn unfit_folders_are_refused_with_the_reason() {
    let sandbox = Sandbox::new();
    let project = sandbox.add();
    fs::create_dir(sandbox.path("project/inner")).unwrap();
    let add = |path: &str| {
        let request = proofmark_contract::view::ProjectAdd { path: path.to_owned(), name: None };
        sandbox.engine.add_project(&request).unwrap_err().0
    };
    let inner = add(&sandbox.path("project/inner").to_string_lossy());
    assert!(inner.message.contains(&project.root), "it names the project that contains the folder: {}", inner.message);
    for path in ["/", "/no/such/folder"] {
        assert!(!add(path).message.is_empty(), "{path} cannot be a project");
    }
}

#[test]
fn conclusions_that_were_cut_off_are_made_by_the_next_scan() {
    let sandbox = Sandbox::new();
    let data = sandbox.write("data.csv", "a,b\n1,2\n3,4\n");
    let script = "import pandas as pd\npd.read_csv('data.csv').to_parquet('out.bin')\n";
    let code = sandbox.write("make.py", script);
    let project = sandbox.add();
    sandbox.scan(&project);
    let made = sandbox.write("out.bin", "PAR1 something that the script made PAR1");
    [&data, &code, &made].into_iter().for_each(|path| age(path));
    // As if the process had ended after the files were recorded.
    let control = ScanControl { cancelled: &|| false, progress: &|_, _, _| () };
    let project = sandbox.engine.project(project.id).unwrap();
    sandbox.engine.scan_without_conclusions(&project, &control).unwrap();
    assert!(sandbox.engine.owes_conclusions(&project).unwrap());
    let runs = || sandbox.engine.run_list(RunQuery { project: Some(project.id), ..RunQuery::default() }).unwrap().total;
    assert_eq!(runs(), 0);
    let summary = sandbox.scan(&project);
    assert!(!summary.changed_anything(), "{summary:?}");
    assert_eq!(runs(), 1, "what was owed was concluded");
    assert!(!sandbox.engine.owes_conclusions(&project).unwrap());
}
