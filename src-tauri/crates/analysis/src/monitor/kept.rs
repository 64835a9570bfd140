//! Rows that are kept for what cannot be added up: ranks, calibration, the loss of single predictions.
//!
//! Up to a limit all rows are kept; beyond it a part of them, chosen by a hash of the row, so that the same log gives the same answer.

/// What is to be predicted.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Task {
    /// One of several classes.
    Classes {
        /// Names by code.
        names: Vec<String>,
        /// The class of each score column. One column alone is that of the positive class.
        scores: Vec<usize>,
    },
    /// A number.
    Numbers,
}

impl Task {
    /// The positive class, where there are two: the one that the only score is of, that is named as one, or that is the last in order, as
    /// scikit-learn has it. The order of the log's columns says nothing.
    pub(super) fn positive(&self) -> Option<usize> {
        let Self::Classes { names, scores } = self else { return None };
        if let ([only], 0..=2) = (scores.as_slice(), names.len()) {
            return Some(*only);
        }
        let [a, b] = names.as_slice() else { return None };
        if scores.len() > 2 {
            return None;
        }
        let affirms = |name: &String| {
            matches!(name.to_lowercase().as_str(), "1" | "yes" | "y" | "true" | "t" | "positive" | "pos" | "+")
        };
        let second = match (affirms(a), affirms(b)) {
            (false, true) => true,
            (true, false) => false,
            _ => match (a.parse::<f64>(), b.parse::<f64>()) {
                (Ok(a), Ok(b)) => b > a,
                _ => b > a,
            },
        };
        Some(usize::from(second))
    }

    /// Its name.
    pub(super) fn positive_name(&self) -> Option<&str> {
        match self {
            Self::Classes { names, .. } => names.get(self.positive()?).map(String::as_str),
            Self::Numbers => None,
        }
    }
}

/// Rows of one window, or of the reference.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    /// Scores of a row.
    pub(super) k: usize,
    /// Codes of a row.
    pub(super) width: usize,
    /// `k` for each row; NaN where they are not valid probabilities.
    pub(super) scores: Vec<f32>,
    /// Class code or number; NaN where there is none.
    pub(super) prediction: Vec<f64>,
    /// Class code or number; NaN while it is not known.
    pub(super) label: Vec<f64>,
    /// The bin of each input, `width` for each row.
    pub(super) codes: Vec<u8>,
    keys: Vec<u64>,
    threshold: u64,
    /// Rows that were offered.
    pub(super) seen: u64,
}

impl Kept {
    pub(super) fn new(k: usize, width: usize) -> Self {
        Self { k, width, threshold: u64::MAX, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.prediction.len()
    }

    /// Whether a row with this hash is kept.
    pub(super) fn wants(&self, key: u64) -> bool {
        key <= self.threshold
    }

    /// Adds a row that [`Self::wants`] said to keep.
    pub(super) fn push(
        &mut self,
        key: u64,
        scores: &[f32],
        prediction: f64,
        label: f64,
        codes: impl Iterator<Item = u8>,
    ) {
        self.scores.extend_from_slice(scores);
        self.prediction.push(prediction);
        self.label.push(label);
        self.codes.extend(codes);
        self.keys.push(key);
    }

    /// Keeps at most `most` rows.
    pub(super) fn shrink(&mut self, most: usize) {
        while self.len() > most {
            self.threshold /= 2;
            let limit = self.threshold;
            let keep: Vec<usize> = (0..self.len()).filter(|it| self.keys[*it] <= limit).collect();
            *self = self.only(&keep);
        }
    }

    /// The rows at these places.
    pub(super) fn only(&self, rows: &[usize]) -> Self {
        let (k, width) = (self.k, self.width);
        Self {
            k,
            width,
            scores: rows.iter().flat_map(|it| self.scores[it * k..(it + 1) * k].iter().copied()).collect(),
            prediction: rows.iter().map(|it| self.prediction[*it]).collect(),
            label: rows.iter().map(|it| self.label[*it]).collect(),
            codes: rows.iter().flat_map(|it| self.codes[it * width..(it + 1) * width].iter().copied()).collect(),
            keys: rows.iter().map(|it| self.keys[*it]).collect(),
            threshold: self.threshold,
            seen: self.seen,
        }
    }

    /// Adds the rows of another window.
    pub(super) fn join(&mut self, other: Self) {
        let limit = self.threshold.min(other.threshold);
        self.threshold = limit;
        self.seen += other.seen;
        self.scores.extend(other.scores);
        self.prediction.extend(other.prediction);
        self.label.extend(other.label);
        self.codes.extend(other.codes);
        self.keys.extend(other.keys);
        let keep: Vec<usize> = (0..self.len()).filter(|it| self.keys[*it] <= limit).collect();
        if keep.len() < self.len() {
            *self = self.only(&keep);
        }
    }

    /// Score `column` of a row.
    pub(super) fn score(&self, row: usize, column: usize) -> f64 {
        self.scores.get(row * self.k + column).map_or(f64::NAN, |it| f64::from(*it))
    }

    /// Whether a row has valid probabilities.
    pub(super) fn has_scores(&self, row: usize) -> bool {
        self.k > 0 && (0..self.k).all(|it| !self.score(row, it).is_nan())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_positive_class_does_not_depend_on_the_order_of_columns() {
        let positive = |names: [&str; 2], scores: Vec<usize>| {
            let task = Task::Classes { names: names.map(str::to_owned).to_vec(), scores };
            task.positive_name().map(str::to_owned)
        };
        for (a, b) in
            [("0", "1"), ("no", "yes"), ("-1", "1"), ("9", "10"), ("False", "True"), ("bad", "good"), ("cat", "dog")]
        {
            for scores in [vec![0, 1], vec![]] {
                assert_eq!(positive([a, b], scores.clone()).as_deref(), Some(b));
                assert_eq!(positive([b, a], scores).as_deref(), Some(b));
            }
        }
        assert_eq!(positive(["good", "bad"], vec![1]).as_deref(), Some("bad"), "the one that has a score");
        let three = Task::Classes { names: ["a", "b", "c"].map(str::to_owned).to_vec(), scores: vec![0, 1, 2] };
        assert_eq!(three.positive(), None);
    }

    #[test]
    fn the_kept_part_is_a_fair_one() {
        let mut kept = Kept::new(1, 1);
        for row in 0..10_000u64 {
            let key = crate::drift::mix(row);
            if kept.wants(key) {
                kept.push(key, &[0.5], row as f64, 0.0, [1].into_iter());
            }
            kept.shrink(1_000);
        }
        assert!((400..=1_000).contains(&kept.len()), "{}", kept.len());
        let mean = kept.prediction.iter().sum::<f64>() / kept.len() as f64;
        assert!((mean - 5_000.0).abs() < 400.0, "rows of all places: {mean}");
        assert_eq!((kept.scores.len(), kept.codes.len()), (kept.len(), kept.len()));
    }
}
