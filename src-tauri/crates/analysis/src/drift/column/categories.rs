//! A column of categories: shares, and what is new.

use super::*;

/// Measures a column of categories by how often each stands in either table.
pub(in super::super) fn counted(
    name: &str,
    names: &[String],
    a: &[u64],
    b: &[u64],
    options: &DriftOptions,
) -> Measured {
    let (n, m) = (a.iter().sum::<u64>(), b.iter().sum::<u64>());
    let mut measured = Measured {
        name: name.to_owned(),
        aspects: Vec::new(),
        explained: None,
        undone: false,
        note: None,
        statistics: BTreeMap::new(),
        shape: (n + m > 0).then(|| category_shape(names, a, b)),
        n: (n, m),
        rounded: None,
    };
    if n == 0 || m == 0 {
        return measured;
    }
    let (top_a, top_b) = gathered(a, b);
    let stats = &mut measured.statistics;
    put_share_statistics(stats, &top_a, &top_b);
    let test = chi_square(&top_a, &top_b);
    put(stats, "chi2", test.map(|t| t.statistic));
    put(stats, "chi2_p", test.map(|t| t.p_value));
    let likelihood = g_test(&top_a, &top_b);
    put(stats, "g", likelihood.map(|t| t.statistic));
    put(stats, "g_p", likelihood.map(|t| t.p_value));
    let unseen: u64 = a.iter().zip(b).filter(|(a, _)| **a == 0).map(|(_, b)| b).sum();
    let vanished: u64 = a.iter().zip(b).filter(|(_, b)| **b == 0).map(|(a, _)| a).sum();
    put(stats, "new_share", Some(unseen as f64 / m as f64));
    put(stats, "vanished_share", Some(vanished as f64 / n as f64));
    let p_value = match (top_a.as_slice(), top_b.as_slice()) {
        ([x, _], [y, _]) => two_shares(*x, n, *y, m),
        _ => test.map_or(f64::NAN, |t| t.p_value),
    };
    let (effect, error) = corrected_total_variation(&top_a, &top_b).unwrap_or((0.0, 0.0));
    let floor = 1.0 / (n.min(m) as f64 + 4.0);
    let half = Z95 * error.max(floor);
    let most = a.iter().zip(b).enumerate().max_by(|x, y| {
        let gap = |(a, b): (&u64, &u64)| (*a as f64 / n as f64 - *b as f64 / m as f64).abs();
        gap(x.1).total_cmp(&gap(y.1))
    });
    let words = most.map_or_else(String::new, |(place, (x, y))| {
        format!(
            "{} of the rows would have to change (total variation distance); the largest move is \"{}\", from {} to {}",
            percent(effect),
            names[place],
            percent(*x as f64 / n as f64),
            percent(*y as f64 / m as f64)
        )
    });
    measured.aspects.push(Aspect {
        change: DriftChange::Distribution,
        effect,
        interval: ((effect - half).max(0.0), (effect + half).min(1.0)),
        p_value,
        threshold: options.effect_threshold,
        words,
    });
    if unseen > 0 {
        measured.aspects.push(new_category(names, a, b, (n, m), unseen, options));
    }
    let plain = total_variation(&as_f64(&top_a), &as_f64(&top_b)).unwrap_or(0.0);
    measured.explained = change::encoding(names, a, b, plain);
    measured
}

/// Values that the reference never had. A long list of rare values always has some: how many rows of them are to be expected is estimated by
/// the share of the reference that occurs once (Good and Turing 1953), and whether there are more than chance makes is tested by dealing
/// all rows out anew. A model has never seen such values, so a tenth of the tolerated effect is tolerated.
fn new_category(
    names: &[String],
    a: &[u64],
    b: &[u64],
    (n, m): (u64, u64),
    unseen: u64,
    options: &DriftOptions,
) -> Aspect {
    let once = a.iter().filter(|c| **c == 1).count() as f64 / n as f64;
    let share = unseen as f64 / m as f64;
    let (low, high) = wilson(unseen, m);
    let newest = a.iter().zip(b).enumerate().filter(|(_, (a, _))| **a == 0).max_by_key(|(_, (_, b))| **b);
    let beyond = |it: f64| (it - once).clamp(0.0, 1.0);
    Aspect {
        change: DriftChange::NewCategory,
        effect: beyond(share),
        interval: (beyond(low), beyond(high)),
        p_value: unseen_p(a, b),
        threshold: options.effect_threshold / 10.0,
        words: format!(
            "{} of the current rows have a value that the reference never had, most often \"{}\"",
            percent(share),
            newest.map_or("", |(place, _)| names[place].as_str())
        ),
    }
}

/// The most frequent categories of both tables together that have enough rows for a chi-square test (an expected count of 5 in the smaller
/// table), the rest in one.
fn gathered(a: &[u64], b: &[u64]) -> (Vec<u64>, Vec<u64>) {
    let (n, m) = (a.iter().sum::<u64>() as f64, b.iter().sum::<u64>() as f64);
    let small = n.min(m) / (n + m);
    let mut order: Vec<usize> = (0..a.len()).collect();
    order.sort_by_key(|i| (std::cmp::Reverse(a[*i] + b[*i]), *i));
    let enough = |i: &usize| (a[*i] + b[*i]) as f64 * small >= 5.0;
    let kept = order.iter().take(TOP_CATEGORIES).take_while(|i| enough(i)).count().max(1);
    let take = |side: &[u64]| -> Vec<u64> {
        let mut counts: Vec<u64> = order.iter().take(kept).filter_map(|i| side.get(*i)).copied().collect();
        counts.push(order.iter().skip(kept).filter_map(|i| side.get(*i)).sum());
        counts
    };
    let (mut top_a, mut top_b) = (take(a), take(b));
    let rest = top_a.last().copied().unwrap_or(0) + top_b.last().copied().unwrap_or(0);
    if rest == 0 && top_a.len() > 2 {
        top_a.pop();
        top_b.pop();
    }
    (top_a, top_b)
}

fn category_shape(names: &[String], a: &[u64], b: &[u64]) -> DriftShape {
    let (n, m) = (a.iter().sum::<u64>().max(1) as f64, b.iter().sum::<u64>().max(1) as f64);
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by(|x, y| {
        let size = |i: usize| (a[i] as f64 / n).max(b[i] as f64 / m);
        size(*y).total_cmp(&size(*x)).then(x.cmp(y))
    });
    let mut top: Vec<usize> = order.iter().copied().take(FIGURE_CATEGORIES).collect();
    top.sort_by_key(|i| (std::cmp::Reverse(a[*i]), std::cmp::Reverse(b[*i]), *i));
    let share = |side: &[u64], total: f64| -> Vec<f64> {
        let mut shares: Vec<f64> = top.iter().map(|i| side[*i] as f64 / total).collect();
        if order.len() > top.len() {
            shares.push(order[top.len()..].iter().map(|i| side[*i]).sum::<u64>() as f64 / total);
        }
        shares
    };
    let mut shown: Vec<String> = top.iter().map(|i| names[*i].clone()).collect();
    if order.len() > top.len() {
        shown.push("(other)".to_owned());
    }
    DriftShape::Categories { reference: share(a, n), current: share(b, m), names: shown }
}
