//! Tables with one injected error each, and clean ones that look suspicious at first sight.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proofmark_domain::Timestamp;
use proofmark_domain::check::{Finding, FindingKind as K, Severity};

use super::{CheckOptions, Loaded, check};
use crate::profile::mix;
use crate::table::{ReadOptions, TableSource, open};

/// A table as rows of text; the first row is the header.
type Rows = Vec<Vec<String>>;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(self.0)
    }
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }
}

fn date(day: u64) -> String {
    Timestamp::from_ms(1_700_000_000_000 + day as i64 * 86_400_000).to_string().chars().take(10).collect()
}

/// Orders of a shop: an id, two dates, amounts, counts, categories, a temperature, a rating, a score.
fn orders(n: usize, seed: u64) -> Rows {
    let mut r = Random(seed * 1_000_003);
    let header = [
        "order_id",
        "start_date",
        "end_date",
        "amount",
        "items",
        "city",
        "channel",
        "temperature",
        "rating",
        "score",
        "weight",
    ];
    let mut rows: Rows = vec![header.iter().map(|h| (*h).to_owned()).collect()];
    for i in 0..n {
        let day = (i * 300 / n) as u64;
        let poisson = (0..6).filter(|_| r.unit() < 0.3).count();
        let channel = if r.unit() < 0.7 {
            "web"
        } else if r.unit() < 0.7 {
            "store"
        } else {
            "phone"
        };
        rows.push(vec![
            (100_000 + i * 7 + seed as usize * 1_000_000).to_string(),
            date(day),
            date(day + 1 + r.below(20)),
            format!("{:.2}", (4.0 + 0.6 * r.normal()).exp()),
            poisson.to_string(),
            r.pick(&["Berlin", "München", "Hamburg", "Köln", "Frankfurt", "Stuttgart"]).to_owned(),
            channel.to_owned(),
            format!("{:.1}", 12.0 + 8.0 * r.normal()),
            (1 + r.below(5)).to_string(),
            format!("{:.4}", r.unit()),
            format!("{:.2}", 70.0 + 9.0 * r.normal()),
        ]);
    }
    rows
}

fn text(rows: &Rows) -> String {
    rows.iter().map(|row| row.join(",") + "\n").collect()
}

struct Held {
    _dir: tempfile::TempDir,
    source: TableSource,
}

fn held(text: &str) -> Held {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("table.csv");
    std::fs::write(&path, text).unwrap();
    let source = open(&path, &ReadOptions::default()).unwrap();
    Held { _dir: dir, source }
}

fn findings(current: &str, reference: Option<&str>) -> Vec<Finding> {
    let current = held(current);
    let options = CheckOptions::at(Timestamp::from_ms(1_795_000_000_000));
    let earlier = reference.map(held);
    fn load(held: &Held) -> Loaded<'_> {
        Loaded::of(&held.source, &|| false).unwrap()
    }
    check(load(&current), earlier.as_ref().map(load), options, &|| false).unwrap().findings
}

fn column(rows: &mut Rows, name: &str, mut change: impl FnMut(usize, &mut String)) {
    let at = rows[0].iter().position(|h| h == name).unwrap();
    for (i, row) in rows.iter_mut().enumerate().skip(1) {
        change(i, &mut row[at]);
    }
}

fn times(value: &mut String, factor: f64) {
    *value = format!("{:.2}", value.parse::<f64>().unwrap() * factor);
}

/// One case: what to do to a good table, and what must be said. `against`: compared with another good table of the kind.
struct Case {
    kind: K,
    column: &'static str,
    against: bool,
    spoil: fn(&mut Rows),
}

fn cases() -> Vec<Case> {
    let case = |kind, column, against, spoil| Case { kind, column, against, spoil };
    fn every(n: usize, name: &'static str, value: &'static str) -> impl Fn(&mut Rows) {
        move |rows| {
            column(rows, name, |i, v| {
                if i % n == 3 {
                    *v = value.to_owned()
                }
            })
        }
    }
    vec![
        case(K::Sentinel, "amount", false, |r| every(50, "amount", "-1")(r)),
        case(K::Sentinel, "amount", true, |r| every(90, "amount", "-1")(r)),
        case(K::Sentinel, "items", false, |r| every(50, "items", "999")(r)),
        case(K::Sentinel, "rating", false, |r| every(40, "rating", "-1")(r)),
        case(K::Sentinel, "temperature", false, |r| every(60, "temperature", "-9999")(r)),
        case(K::Sentinel, "score", false, |r| every(60, "score", "-1")(r)),
        case(K::Sentinel, "weight", false, |r| every(60, "weight", "0")(r)),
        case(K::Sentinel, "weight", false, |r| every(60, "weight", "999")(r)),
        case(K::Sentinel, "start_date", false, |r| every(60, "start_date", "1900-01-01")(r)),
        case(K::Sentinel, "end_date", false, |r| every(60, "end_date", "9999-12-31")(r)),
        case(K::PlaceholderValues, "city", false, |r| every(30, "city", "?")(r)),
        case(K::PlaceholderValues, "amount", false, |r| every(30, "amount", "unknown")(r)),
        case(K::NullLikeStrings, "channel", false, |r| every(30, "channel", "N/A")(r)),
        case(K::NullLikeStrings, "amount", true, |r| every(30, "amount", "null")(r)),
        case(K::NullSurge, "weight", true, |r| every(6, "weight", "")(r)),
        case(K::AllNull, "weight", true, |r| column(r, "weight", |_, v| v.clear())),
        case(K::AllNull, "weight", false, |r| column(r, "weight", |_, v| v.clear())),
        case(K::ConstantColumn, "rating", false, |r| column(r, "rating", |_, v| *v = "3".to_owned())),
        case(K::AlmostConstant, "channel", true, |r| {
            column(r, "channel", |i, v| {
                if i % 100 != 7 {
                    *v = "web".to_owned()
                }
            })
        }),
        case(K::ColumnDropped, "weight", true, |r| {
            r.iter_mut().for_each(|row| {
                row.pop();
            })
        }),
        case(K::ColumnAdded, "extra", true, |r| {
            r.iter_mut()
                .enumerate()
                .for_each(|(i, row)| row.push(if i == 0 { "extra".to_owned() } else { format!("{}", i * i % 97) }));
        }),
        case(K::ColumnRenamed, "total_amount", true, |r| r[0][3] = "total_amount".to_owned()),
        case(K::MixedTypes, "amount", false, |r| every(200, "amount", "see remark")(r)),
        case(K::MixedNumberFormats, "amount", false, |r| {
            column(r, "amount", |i, v| {
                if i % 9 == 0 {
                    *v = format!("\"{}\"", v.replace('.', ","))
                }
            })
        }),
        case(K::MixedDateFormats, "start_date", false, |r| {
            column(r, "start_date", |i, v| {
                if i % 7 == 0 {
                    *v = format!("{}/{}/{}", &v[8..10], &v[5..7], &v[..4])
                }
            });
        }),
        case(K::OutOfRange, "temperature", true, |r| {
            column(r, "temperature", |i, v| {
                if i % 100 == 5 {
                    *v = format!("{}.5", 90 + i % 13)
                }
            })
        }),
        case(K::Outliers, "amount", false, |r| {
            column(r, "amount", |i, v| {
                if i == 77 {
                    times(v, 10_000.0)
                }
            })
        }),
        case(K::Outliers, "weight", false, |r| {
            column(r, "weight", |i, v| {
                if i == 77 || i == 300 {
                    times(v, 10.0)
                }
            })
        }),
        case(K::UnitChange, "amount", true, |r| column(r, "amount", |_, v| times(v, 100.0))),
        case(K::UnitChange, "weight", true, |r| column(r, "weight", |_, v| times(v, 2.204_62))),
        case(K::UnitChange, "temperature", true, |r| {
            column(r, "temperature", |_, v| *v = format!("{:.1}", v.parse::<f64>().unwrap() * 1.8 + 32.0))
        }),
        case(K::ScaleChange, "amount", true, |r| column(r, "amount", |_, v| times(v, 10.0))),
        case(K::UnitChange, "weight", false, |r| {
            column(r, "weight", |i, v| {
                if (300..400).contains(&i) {
                    times(v, 1000.0)
                }
            })
        }),
        case(K::SwappedColumns, "weight", true, |r| r.iter_mut().skip(1).for_each(|row| row.swap(7, 10))),
        case(K::ShiftedColumns, "items", true, |r| r.iter_mut().skip(1).for_each(|row| row[3..9].rotate_right(1))),
        case(K::UnseenCategory, "channel", true, |r| every(40, "channel", "fax")(r)),
        case(K::CasingVariants, "city", false, |r| {
            column(r, "city", |i, v| {
                if i % 20 == 0 {
                    *v = v.to_uppercase()
                }
            })
        }),
        case(K::WhitespaceVariants, "city", false, |r| {
            column(r, "city", |i, v| {
                if i % 20 == 0 {
                    v.push(' ')
                }
            })
        }),
        case(K::CategoryTypos, "city", false, |r| {
            column(r, "city", |i, v| {
                if i % 150 == 0 {
                    *v = "Hmaburg".to_owned()
                }
            })
        }),
        case(K::InvisibleCharacters, "city", false, |r| {
            column(r, "city", |i, v| {
                if i % 20 == 0 {
                    v.push('\u{200b}')
                }
            })
        }),
        case(K::Mojibake, "city", false, |r| {
            column(r, "city", |i, v| {
                if i % 3 == 0 {
                    *v = v.replace('ü', "Ã¼").replace('ö', "Ã¶")
                }
            })
        }),
        case(K::LossyEncoding, "city", false, |r| {
            column(r, "city", |i, v| {
                if i % 3 == 0 {
                    *v = v.replace(['ü', 'ö'], "\u{fffd}")
                }
            })
        }),
        case(K::DuplicateRows, "", false, |r| {
            for i in 0..12 {
                let row = r[20 + i].clone();
                r.push(row)
            }
        }),
        case(K::DuplicateKeys, "order_id", false, |r| {
            for i in 0..6 {
                r[200 + i][0] = r[20 + i][0].clone()
            }
        }),
        case(K::RowCountDrop, "", true, |r| r.truncate(r.len() / 5)),
        case(K::RaggedRows, "", false, |r| {
            r[50].push("x".to_owned());
            r[90].pop();
        }),
        case(K::RepeatedHeaderRow, "", false, |r| {
            let h = r[0].clone();
            r.insert(300, h)
        }),
        case(K::FooterTotalRow, "", false, |r| {
            let mut row = vec![String::new(); r[0].len()];
            row[0] = "Total".to_owned();
            row[3] = "51234.10".to_owned();
            r.push(row);
        }),
        case(K::MissingHeader, "", false, |r| {
            r.remove(0);
        }),
        case(K::MissingHeader, "", true, |r| {
            r.remove(0);
        }),
        case(K::DuplicateColumnName, "score", false, |r| r[0][10] = "score".to_owned()),
        case(K::FutureTimestamps, "start_date", false, |r| {
            column(r, "start_date", |i, v| {
                if i % 200 == 3 {
                    *v = "2042-03-01".to_owned()
                }
            })
        }),
        case(K::StaleTimestamps, "start_date", true, |r| column(r, "start_date", |_, v| *v = "2024-01-05".to_owned())),
        case(K::TimeGap, "start_date", false, |r| {
            r.retain(|row| row[1].as_str() < "2024-02-01" || row[1].as_str() > "2024-03-05")
        }),
        case(K::UnsortedTime, "start_date", true, |r| r[100..400].reverse()),
        case(K::ImpossibleOrder, "end_date", false, |r| {
            column(r, "end_date", |i, v| {
                if i % 100 == 9 {
                    *v = "2023-10-01".to_owned()
                }
            })
        }),
        case(K::ClippedValues, "amount", true, |r| {
            column(r, "amount", |_, v| {
                if v.parse::<f64>().unwrap() > 90.0 {
                    *v = "90.00".to_owned()
                }
            })
        }),
        case(K::PrecisionLoss, "score", true, |r| {
            column(r, "score", |_, v| *v = format!("{:.1}", v.parse::<f64>().unwrap()))
        }),
        case(K::FrozenValues, "temperature", false, |r| {
            column(r, "temperature", |i, v| {
                if (200..240).contains(&i) {
                    *v = "11.3".to_owned()
                }
            })
        }),
        case(K::CodeRemap, "channel", true, |r| {
            column(r, "channel", |_, v| {
                *v = match v.as_str() {
                    "web" => "phone",
                    "store" => "web",
                    _ => "store",
                }
                .to_owned()
            })
        }),
    ]
}

#[test]
fn every_injected_error_is_found_with_its_kind_and_column() {
    let mut missed = Vec::new();
    for (number, case) in cases().iter().enumerate() {
        let mut rows = orders(800, 2);
        (case.spoil)(&mut rows);
        let reference = text(&orders(1000, 1));
        let found = findings(&text(&rows), case.against.then_some(reference.as_str()));
        let hit = found
            .iter()
            .any(|f| f.kind == case.kind && (case.column.is_empty() || f.columns.iter().any(|c| c == case.column)));
        let noise: Vec<_> = found
            .iter()
            .filter(|f| f.kind != case.kind && f.severity > Severity::Info)
            .map(|f| (f.kind, f.columns.clone(), f.message.clone()))
            .collect();
        if !hit || !noise.is_empty() {
            missed.push(format!("{number} {:?} {} hit={hit} beside it: {noise:?}", case.kind, case.column));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn a_file_that_ends_within_a_row_is_called_truncated() {
    let whole = text(&orders(500, 2));
    let found = findings(&whole[..whole.len() * 2 / 3], None);
    let kinds: Vec<_> = found.iter().map(|f| f.kind).collect();
    assert_eq!(kinds, [K::TruncatedFile]);
}

fn clean_tables() -> Vec<(&'static str, String)> {
    type Make = fn(&mut Random, usize) -> String;
    let shapes: Vec<(&'static str, usize, Make)> = vec![
        ("heavy tail", 2000, |r, _| format!("{:.2}", (3.0 + 2.0 * r.normal()).exp())),
        ("pareto", 2000, |r, _| format!("{:.3}", r.unit().powf(-1.0 / 1.3))),
        ("cauchy", 1000, |r, _| format!("{:.4}", (std::f64::consts::PI * (r.unit() - 0.5)).tan())),
        ("count", 1500, |r, _| ((r.unit() < 0.15) as u64 * (1 + r.below(9))).to_string()),
        ("capital_gain", 1500, |r, _| {
            if r.unit() < 0.92 { "0".to_owned() } else { format!("{:.0}", (7.0 + r.normal()).exp()) }
        }),
        ("rating", 300, |r, _| (1 + r.below(5)).to_string()),
        ("year", 700, |r, _| (1990 + r.below(35)).to_string()),
        ("id", 500, |_, i| (1000 + i).to_string()),
        ("delta", 800, |r, _| format!("{:.0}", 4.0 * r.normal())),
        ("change", 800, |r, _| format!("{:.2}", 1.5 * r.normal())),
        ("one_hot", 400, |r, _| r.below(2).to_string()),
        ("cluster", 400, |r, _| (r.below(4) as i64 - 1).to_string()),
        ("sign", 400, |r, _| if r.unit() < 0.5 { "-1" } else { "1" }.to_owned()),
        ("small sample", 25, |r, _| format!("{:.1}", r.normal().exp())),
        ("season", 730, |r, i| format!("{:.2}", 15.0 - 10.0 * (i as f64 / 58.1).cos() + 2.0 * r.normal())),
        ("bimodal", 900, |r, _| format!("{:.1}", if r.unit() < 0.4 { 30.0 } else { 75.0 } + 6.0 * r.normal())),
        ("percentage", 900, |r, _| format!("{:.0}", 100.0 * r.unit())),
        ("price", 900, |r, _| format!("{}.99", 1 + r.below(60))),
        ("rain", 900, |r, _| if r.unit() < 0.6 { "0.0".to_owned() } else { format!("{:.1}", -8.0 * r.unit().ln()) }),
        ("salary", 900, |r, _| format!("{:.0}", ((10.6 + 0.5 * r.normal()).exp() / 1000.0).round() * 1000.0)),
        ("timestamp", 600, |r, i| {
            Timestamp::from_ms(1_700_000_000_000 + i as i64 * 3_600_000 + r.below(3_000_000) as i64).to_string()
        }),
        ("birth_date", 600, |r, _| date(r.below(20_000)).replacen("20", "19", 1)),
        ("grade", 500, |r, _| r.pick(&["A", "B", "C", "D", "a+"]).to_owned()),
        ("country", 900, |r, _| r.pick(&["DE", "FR", "NA", "IT", "US", "GB", "NL"]).to_owned()),
        ("zip", 900, |r, _| format!("{:05}", 1000 + r.below(89_000))),
        ("species", 300, |r, _| r.pick(&["setosa", "versicolor", "virginica"]).to_owned()),
        ("male or female", 300, |r, _| r.pick(&["male", "female"]).to_owned()),
        ("latitude", 500, |r, _| format!("{:.5}", 50.0 * r.normal() / 2.0)),
        ("distance", 800, |r, _| format!("{:.1}", 4000.0 * r.unit())),
        ("age", 800, |r, _| format!("{:.0}", (38.0 + 14.0 * r.normal()).abs().clamp(17.0, 90.0))),
    ];
    let mut out = Vec::new();
    for (seed, (name, n, make)) in shapes.into_iter().enumerate() {
        let mut r = Random(77 + seed as u64 * 1_000_003);
        let mut rows = format!("{name},other\n");
        for i in 0..n {
            rows += &format!("{},{:.3}\n", make(&mut r, i), 10.0 + r.normal());
        }
        out.push((name, rows));
    }
    out.push(("orders", text(&orders(1000, 5))));
    out
}

#[test]
fn clean_tables_raise_no_alarm() {
    let mut alarms = Vec::new();
    for (name, table) in clean_tables() {
        let half = table.lines().count() / 2;
        let header = table.lines().next().unwrap();
        let first: String = table.lines().take(half).map(|l| format!("{l}\n")).collect();
        let second: String =
            std::iter::once(header).chain(table.lines().skip(half)).map(|l| format!("{l}\n")).collect();
        let mut say = |found: Vec<Finding>, how: &str| {
            for f in found.into_iter().filter(|f| f.severity > Severity::Info) {
                alarms.push(format!("{name} {how}: {:?} {:?} {}", f.kind, f.columns, f.message));
            }
        };
        say(findings(&table, None), "alone");
        say(findings(&second, Some(&first)), "second half against first");
    }
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
}
