#![allow(clippy::unwrap_used)]

use serde_json::Value;

use super::*;

fn fixture() -> Value {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/fixtures/statistics/drift.json"));
    serde_json::from_str(text).unwrap()
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn whole(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|v| v.as_u64().unwrap()).collect()
}

#[track_caller]
fn same(ours: f64, theirs: &Value, what: &str) {
    let theirs = theirs.as_f64().unwrap();
    let allowed = 1e-9 * theirs.abs() + 1e-15;
    assert!((ours - theirs).abs() <= allowed, "{what}: {ours:e} is not {theirs:e}");
}

#[test]
fn numbers_equal_scipy() {
    for case in fixture()["numbers"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let (a, b) = (list(&case["a"]), list(&case["b"]));
        let ks = kolmogorov_smirnov(&a, &b).unwrap();
        same(ks.distance, &case["ks"], name);
        same(ks_p_exact(ks.distance, a.len(), b.len()), &case["ks_p_exact"], name);
        same(ks_p_asymptotic(ks.distance, a.len(), b.len()), &case["ks_p_asymptotic"], name);
        same(cramer_von_mises(&a, &b).unwrap(), &case["cvm"], name);
        // SciPy subtracts from one what it adds up to ten digits, which is little in a small tail.
        let cvm_p = cramer_von_mises_p(cramer_von_mises(&a, &b).unwrap(), a.len(), b.len());
        assert!((cvm_p - case["cvm_p"].as_f64().unwrap()).abs() < 1e-10, "{name}: {cvm_p:e}");
        same(energy_distance(&a, &b).unwrap(), &case["energy"], name);
        same(anderson_darling(&a, &b).unwrap().standardised, &case["ad"], name);
        same(wasserstein(&a, &b).unwrap(), &case["wasserstein"], name);
        let together = Distances {
            ks,
            cvm: cramer_von_mises(&a, &b),
            ad: anderson_darling(&a, &b),
            wasserstein: wasserstein(&a, &b).unwrap(),
            energy: energy_distance(&a, &b).unwrap(),
        };
        assert_eq!(distances(&a, &b).unwrap(), together, "{name}: in one walk");
        for pair in case["quantiles"].as_array().unwrap() {
            same(quantile_sorted(&a, pair[0].as_f64().unwrap()), &pair[1], name);
        }
    }
}

#[test]
fn counts_equal_scipy() {
    for case in fixture()["counts"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let (a, b) = (whole(&case["a"]), whole(&case["b"]));
        let (chi, g) = (chi_square(&a, &b).unwrap(), g_test(&a, &b).unwrap());
        same(chi.statistic, &case["chi2"], name);
        same(chi.p_value, &case["chi2_p"], name);
        assert_eq!(chi.degrees as u64, case["degrees"].as_u64().unwrap(), "{name}");
        same(g.statistic, &case["g"], name);
        same(g.p_value, &case["g_p"], name);
        let (p, q) = (list(&case["a"]), list(&case["b"]));
        same(population_stability_index(&p, &q).unwrap(), &case["psi"], name);
        same(jensen_shannon_distance(&p, &q).unwrap(), &case["js"], name);
        same(hellinger(&p, &q).unwrap(), &case["hellinger"], name);
        same(total_variation(&p, &q).unwrap(), &case["tv"], name);
        same(l_infinity(&p, &q).unwrap(), &case["l_infinity"], name);
    }
    for case in fixture()["fisher"].as_array().unwrap() {
        let t = whole(&case["table"]);
        same(fisher_exact(t[0], t[1], t[2], t[3]), &case["p"], "fisher");
    }
}

#[test]
fn corrections_and_tails_equal_statsmodels_and_scipy() {
    let fixture = fixture();
    let case = &fixture["benjamini_hochberg"];
    let adjusted = benjamini_hochberg(&list(&case["p"]));
    for (ours, theirs) in adjusted.iter().zip(case["adjusted"].as_array().unwrap()) {
        same(*ours, theirs, "benjamini-hochberg");
    }
    for pair in fixture["normal"].as_array().unwrap() {
        same(normal_upper_tail(pair[0].as_f64().unwrap()), &pair[1], "normal");
    }
    for pair in fixture["anderson_darling_tail"].as_array().unwrap() {
        same(tails::anderson_darling_tail(pair[0].as_f64().unwrap()), &pair[1], "anderson-darling tail");
    }
    let with_gap = benjamini_hochberg(&[0.01, f64::NAN, 0.5]);
    assert!(with_gap[1].is_nan());
    assert!((with_gap[0] - 0.02).abs() < 1e-15);
}

#[test]
fn auc_equals_scikit_learn_and_the_definition() {
    for case in fixture()["auc"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let (low, high) = (list(&case["low"]), list(&case["high"]));
        let auc = delong(&low, &high).unwrap();
        same(auc.auc, &case["auc"], name);
        same(auc.auc, &case["mann_whitney"], name);
        same(auc.variance, &case["variance"], name);
        let (from, to) = auc_interval(&auc);
        assert!(0.0 <= from && from <= auc.auc && auc.auc <= to && to <= 1.0, "{name}");
        let roc = roc_points(&low, &high, 20);
        assert!(roc.len() <= 20);
        assert_eq!((roc[0], roc[roc.len() - 1]), ((0.0, 0.0), (1.0, 1.0)), "{name}");
    }
}

#[test]
fn empty_and_odd_input_gives_no_number_and_no_panic() {
    assert_eq!(kolmogorov_smirnov(&[], &[1.0]), None);
    assert_eq!(wasserstein(&[], &[]), None);
    assert_eq!(anderson_darling(&[1.0, 1.0], &[1.0, 1.0]), None);
    assert_eq!(cramer_von_mises(&[1.0], &[1.0, 2.0]), None);
    assert_eq!(delong(&[f64::NAN], &[1.0]), None);
    assert_eq!(chi_square(&[0, 0], &[1, 2]), None);
    assert_eq!(total_variation(&[0.0], &[1.0]), None);
    assert!(quantile_sorted(&[], 0.5).is_nan());
    assert!(ks_p_exact(0.5, 0, 4).is_nan());
    assert_eq!(kolmogorov_smirnov(&[f64::NEG_INFINITY, 1.0], &[1.0, f64::INFINITY]).unwrap().distance, 0.5);
    assert_eq!(quantile_sorted(&[f64::NEG_INFINITY, f64::NEG_INFINITY, 3.0], 0.2), f64::NEG_INFINITY);
}

#[test]
fn counted_values_give_the_statistic_of_the_values_themselves() {
    let (a, b) = ([1.0, 1.0, 2.0, 4.0, 4.0], [1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 4.0]);
    let counted = anderson_darling_of_counts(&[2, 1, 0, 0, 2], &[1, 2, 1, 0, 3]).unwrap();
    assert_eq!(counted, anderson_darling(&a, &b).unwrap());
}

#[test]
fn unseen_values_are_as_likely_as_dealing_makes_them() {
    assert!((unseen_p(&[10, 0], &[7, 3]) - 0.125).abs() < 1e-4, "three rows fall to one side with 1/8");
    assert!((unseen_p(&[9, 0, 0, 1], &[8, 1, 1, 0]) - 0.5).abs() < 1e-4, "two or more of three single rows");
    assert_eq!(unseen_p(&[5, 5], &[5, 5]), 1.0);
    assert!(unseen_p(&[1_000_000, 0], &[990_000, 10_000]) < 1e-300);
    // Free text: every row its own value, in both tables.
    let once = |first: usize| -> Vec<u64> { (0..6_000).map(|it| u64::from((it < 3_000) == (first == 0))).collect() };
    let p = unseen_p(&once(0), &once(1));
    assert!((0.3..0.7).contains(&p), "{p}");
}

#[test]
fn exact_and_asymptotic_p_agree_where_they_meet() {
    for distance in [0.03, 0.045, 0.06] {
        let (exact, limit) = (ks_p_exact(distance, 2000, 2000), ks_p_asymptotic(distance, 2000, 2000));
        assert!((exact - limit).abs() < 0.05 * exact, "{distance}: {exact} {limit}");
    }
}

#[test]
fn corrected_total_variation_is_unbiased_without_drift_and_true_with_it() {
    let mut random = super::super::random::Random::new(5);
    let mut draw = |n: usize, from: usize, kinds: usize| {
        let mut counts = vec![0u64; kinds];
        for _ in 0..n {
            counts[from + random.below(kinds - from)] += 1;
        }
        counts
    };
    let (mut raw, mut corrected, mut shifted) = (0.0, 0.0, 0.0);
    for _ in 0..200 {
        let (a, b) = (draw(400, 0, 20), draw(400, 0, 20));
        let as_f64 = |v: &[u64]| v.iter().map(|c| *c as f64).collect::<Vec<_>>();
        raw += total_variation(&as_f64(&a), &as_f64(&b)).unwrap() / 200.0;
        corrected += corrected_total_variation(&a, &b).unwrap().0 / 200.0;
        let (a, b) = (draw(20_000, 0, 20), draw(20_000, 5, 20));
        shifted += corrected_total_variation(&a, &b).unwrap().0 / 200.0;
    }
    assert!(raw > 0.1, "the plain estimate is biased: {raw}");
    // What is left comes from cutting the estimate at zero.
    assert!(corrected < 0.2 * raw, "{corrected} of {raw}");
    assert!((shifted - 0.25).abs() < 0.01, "{shifted}");
}
