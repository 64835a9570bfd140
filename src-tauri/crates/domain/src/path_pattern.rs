//! Patterns of paths inside a project, such as `data/sales_*.csv`.

/// Whether a path fits a pattern. `*` stands for any characters within one folder's name or a file's, `**` for any folders,
/// `?` for one character; everything else stands for itself. A pattern without these is a path.
pub fn fits(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    // Which beginnings of the path the parts of the pattern so far can stand for.
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    for part in &pattern {
        let mut next = vec![false; path.len() + 1];
        if *part == "**" {
            let first = reached.iter().position(|it| *it);
            for slot in next.iter_mut().skip(first.unwrap_or(path.len() + 1)) {
                *slot = true;
            }
        } else {
            for (at, name) in path.iter().enumerate() {
                if reached.get(at) == Some(&true)
                    && fits_name(part, name)
                    && let Some(slot) = next.get_mut(at + 1)
                {
                    *slot = true;
                }
            }
        }
        reached = next;
    }
    reached.last() == Some(&true)
}

/// Whether a name fits one part of a pattern; time is bounded by the product of their lengths.
fn fits_name(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for mark in pattern {
        let mut next = vec![false; name.len() + 1];
        let mut any = false;
        for at in 0..=name.len() {
            let here = reached.get(at) == Some(&true);
            any |= here;
            let fits = match mark {
                '*' => any,
                _ => at > 0 && reached.get(at - 1) == Some(&true) && (mark == '?' || name.get(at - 1) == Some(&mark)),
            };
            if let Some(slot) = next.get_mut(at) {
                *slot = fits;
            }
        }
        reached = next;
    }
    reached.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stay_within_a_folder_unless_they_say_otherwise() {
        for (pattern, path, expected) in [
            ("data/a.csv", "data/a.csv", true),
            ("data/a.csv", "data/b.csv", false),
            ("data/*.csv", "data/a.csv", true),
            ("data/*.csv", "data/more/a.csv", false),
            ("data/**/*.csv", "data/more/still/a.csv", true),
            ("data/**/*.csv", "data/a.csv", true),
            ("**", "data/a.csv", true),
            ("data/**", "data/a/b", true),
            ("data/**", "other/a", false),
            ("sales_2026-??.csv", "sales_2026-10.csv", true),
            ("sales_2026-??.csv", "sales_2026-1.csv", false),
            ("a*b*c", "aXXbYYc", true),
            ("a*b*c", "aXXbYY", false),
            ("*", "", true),
            ("**/a", "a", true),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} and {path}");
        }
        let long = "a".repeat(5_000);
        assert!(!fits(&"*a".repeat(200).replace("a*", "*b"), &long), "a hostile pattern ends soon");
    }
}
