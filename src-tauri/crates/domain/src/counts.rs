//! Counts as they stand in a sentence.

/// A whole number that counts things.
pub trait Count: Copy + std::fmt::Display {
    /// Whether the word behind it stands in the singular.
    fn is_one(self) -> bool;
}

macro_rules! counts {
    ($($number:ty),*) => {
        $(impl Count for $number {
            fn is_one(self) -> bool {
                self == 1
            }
        })*
    };
}

counts!(u32, u64, usize);

/// A whole number as people write it: `1,204,881`.
pub fn grouped(count: impl Count) -> String {
    separated(&count.to_string())
}

/// The same for the digits of a number that fits into no integer.
pub fn separated(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its word: `1 file`, `2,000 files`.
pub fn counted(count: impl Count, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count.is_one() { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_told_apart() {
        let written: Vec<String> = [0u64, 7, 999, 1_000, 41_203, 999_999, 1_000_000, u64::MAX].map(grouped).to_vec();
        assert_eq!(written, ["0", "7", "999", "1,000", "41,203", "999,999", "1,000,000", "18,446,744,073,709,551,615"]);
        assert_eq!(counted(1usize, "file", "files"), "1 file");
        assert_eq!(counted(2_000u32, "file", "files"), "2,000 files");
        assert_eq!(counted(0u64, "file", "files"), "0 files");
    }
}
