//! Files that come one after the other: `sales_2026-09.csv`, `sales_2026-10.csv`. Their names differ in numbers only, and the numbers say
//! which came first.

/// The member of the series of `path` that comes directly before it, or none if it is the first or stands alone.
///
/// Two paths belong to one series if they are equal but for their numbers. Numbers are compared as numbers and from left to right, so
/// `part-9` comes before `part-10`, and `2025/12` before `2026/01`. A number of a folder counts like one of the name.
///
/// ```
/// use proofmark_domain::series::predecessor;
/// let months = ["sales_2026-08.csv", "sales_2026-09.csv", "sales_2026-10.csv", "stock_2026-09.csv"];
/// assert_eq!(predecessor("sales_2026-10.csv", months), Some("sales_2026-09.csv"));
/// assert_eq!(predecessor("sales_2026-08.csv", months), None);
/// ```
pub fn predecessor<'a>(path: &str, others: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (frame, place) = split(path);
    if place.is_empty() {
        return None;
    }
    others
        .into_iter()
        .filter_map(|other| {
            let (its_frame, its_place) = split(other);
            (its_frame == frame && its_place < place).then_some((its_place, other))
        })
        .max()
        .map(|(_, other)| other)
}

/// What stands between the numbers, and the numbers. A number keeps neither leading zeros nor a limit: it is its digits, ordered by length first.
fn split(path: &str) -> (Vec<&str>, Vec<(usize, &str)>) {
    let mut frame = Vec::new();
    let mut numbers = Vec::new();
    let mut rest = path;
    while let Some(start) = rest.find(|it: char| it.is_ascii_digit()) {
        let tail = &rest[start..];
        let end = tail.find(|it: char| !it.is_ascii_digit()).unwrap_or(tail.len());
        let digits = tail[..end].trim_start_matches('0');
        frame.push(&rest[..start]);
        numbers.push((digits.len(), digits));
        rest = &tail[end..];
    }
    frame.push(rest);
    (frame, numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_as_numbers() {
        let parts = ["part-2.csv", "part-9.csv", "part-10.csv", "part-100.csv"];
        assert_eq!(predecessor("part-10.csv", parts), Some("part-9.csv"));
        assert_eq!(predecessor("part-0011.csv", parts), Some("part-10.csv"));
        let folders = ["2025/12/sales.csv", "2026/01/sales.csv"];
        assert_eq!(predecessor("2026/02/sales.csv", folders), Some("2026/01/sales.csv"));
        assert_eq!(predecessor("2026/01/sales.csv", folders), Some("2025/12/sales.csv"));
    }

    #[test]
    fn other_names_and_the_first_have_no_predecessor() {
        assert_eq!(predecessor("train.csv", ["test.csv", "train.csv"]), None);
        assert_eq!(predecessor("a_1.csv", ["b_0.csv", "a_1.csv", "a_1.parquet"]), None);
        assert_eq!(predecessor("a_1.csv", ["a_01.csv"]), None, "the same number is not before");
    }
}
