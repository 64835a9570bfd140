//! Day and month that changed places.

use proofmark_domain::check::{Finding, FindingKind, Severity};
use proofmark_domain::counts::grouped;
use proofmark_domain::profile::TableProfile;

use super::finding::{About, finding, percent};
use super::reference::Reference;
use super::view::{View, ViewColumn};
use crate::table::{TableSource, days_from_civil};

const DAY: i64 = 86_400_000;
const ADVICE: &str = "Ask the source for its order of day and month, best write 2024-01-31. Up to the twelfth of a month every date is a wrong but valid one, and nothing fails.";

/// All checks of the order of day and month.
pub fn check(
    source: &TableSource,
    view: &View,
    reference: Option<((&TableSource, &TableProfile), &Reference<'_>)>,
    findings: &mut Vec<Finding>,
) {
    for column in &view.columns {
        let Some(ms) = column.times() else { continue };
        let written =
            reference.is_some_and(|((earlier, _), _)| written_otherwise(source, earlier, view, column, findings));
        if !written {
            exchanged(view, column, ms, findings);
        }
    }
}

/// How many rows of a column can only be read with the day first, and how many only with the month first.
fn evidence(source: &TableSource, name: &str) -> Option<(u64, u64)> {
    let at = source.column_names().iter().position(|known| known == name)?;
    let seen = source.structure()?.columns.get(at)?;
    Some((seen.day_first, seen.month_first))
}

/// `31/01/2024` in one table and `01/31/2024` in the other.
fn written_otherwise(
    source: &TableSource,
    earlier: &TableSource,
    view: &View,
    column: &ViewColumn,
    findings: &mut Vec<Finding>,
) -> bool {
    let (Some((day, month)), Some((day_then, month_then))) =
        (evidence(source, &column.name), evidence(earlier, &column.name))
    else {
        return false;
    };
    let to_month = day_then > 0 && month_then == 0 && month > 0;
    let to_day = month_then > 0 && day_then == 0 && day > 0;
    if !to_month && !to_day {
        return false;
    }
    let (now, then) = if to_month { ("month", "day") } else { ("day", "month") };
    let message = format!(
        "`{}` is written with the {now} first in {} rows at least; the reference writes the {then} first.",
        column.name,
        grouped(if to_month { month } else { day })
    );
    findings.push(
        finding(FindingKind::DateOrderFlip, &[&column.name], Severity::Error, 0.97, message, ADVICE)
            .rows(view, (0..view.rows).filter(|row| column.hashes.get(*row).is_some_and(|h| *h != 0))),
    );
    true
}

/// Year, month and day of a moment.
fn civil(ms: i64) -> (i64, u32, u32) {
    // The algorithm of H. Hinnant, the inverse of `days_from_civil`.
    let z = ms.div_euclid(DAY) + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z - era * 146_097;
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

/// The moment with day and month exchanged, where both are months.
fn exchange(ms: i64) -> Option<i64> {
    let (year, month, day) = civil(ms);
    (day <= 12 && day != month).then(|| days_from_civil(year, day, month) * DAY + ms.rem_euclid(DAY))
}

/// Dates that stand out of the order of their rows, and would not with day and month exchanged.
fn exchanged(view: &View, column: &ViewColumn, ms: &[i64], findings: &mut Vec<Finding>) {
    let rows: Vec<(usize, i64)> = ms.iter().copied().enumerate().filter(|(_, v)| *v != i64::MIN).collect();
    if rows.len() < 40 {
        return;
    }
    // Days after the twelfth cannot have changed places: they show where a row belongs.
    let sure: Vec<(usize, i64)> = rows.iter().copied().filter(|(_, v)| civil(*v).2 > 12).collect();
    if sure.len() < 20 {
        return;
    }
    let order = |line: &[(usize, i64)]| {
        let pairs = line.len().saturating_sub(1).max(1) as f64;
        line.windows(2).filter(|p| matches!(p, [a, b] if a.1 <= b.1)).count() as f64 / pairs
    };
    if order(&sure) < 0.97 {
        return;
    }
    let mut flipped = Vec::new();
    let mut straight = 0usize;
    for (row, value) in &rows {
        let Some(other) = exchange(*value) else { continue };
        let at = sure.partition_point(|(known, _)| known < row);
        let before = at.checked_sub(1).and_then(|i| sure.get(i)).map(|(_, v)| *v);
        let after = sure.get(at).map(|(_, v)| *v);
        // Between its neighbours, with the first half of a month to spare on either side.
        let fits = |v: i64| before.is_none_or(|b| v >= b - 13 * DAY) && after.is_none_or(|a| v <= a + 13 * DAY);
        match (fits(*value), fits(other)) {
            (false, true) => flipped.push(*row),
            (true, false) => straight += 1,
            _ => {}
        }
    }
    if flipped.len() < 5 || flipped.len() * 4 < straight {
        return;
    }
    let message = format!(
        "`{}` has day and month exchanged in {} rows ({}): only so do they stand in the order of the rows around them.",
        column.name,
        grouped(flipped.len()),
        percent(flipped.len() as f64 / rows.len() as f64)
    );
    findings.push(
        finding(FindingKind::DateOrderFlip, &[&column.name], Severity::Error, 0.92, message, ADVICE)
            .rows(view, flipped)
            .measure("rows in order as they are", straight as f64, None),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::parse_moment;

    #[test]
    fn days_and_months_change_places_only_where_they_can() {
        let ms = |text: &str| parse_moment(text, false).map(|m| m.ms).unwrap_or_default();
        assert_eq!(civil(ms("2024-02-29")), (2024, 2, 29));
        assert_eq!(civil(ms("1969-12-31")), (1969, 12, 31));
        assert_eq!(exchange(ms("2024-03-05 07:00:00")), Some(ms("2024-05-03 07:00:00")));
        assert_eq!(exchange(ms("2024-03-13")), None);
        assert_eq!(exchange(ms("2024-03-03")), None);
    }
}
