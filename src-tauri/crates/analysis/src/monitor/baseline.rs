//! What the windows of a log are held against: bins, categories, ranges, and the loss of the model by bin.

use std::collections::HashMap;

use super::cells::{Block, Cells, MISSING, number_text};
use crate::drift::counts::{Shape, left_out};

/// Bins of a column of numbers: the KS distance is known to one in this many.
const BINS: usize = 200;
/// Distinct whole numbers up to which they are codes, not quantities.
const MOST_CODES: usize = 12;
/// Categories that are told apart; a column with more of them is text.
const MOST_CATEGORIES: usize = 5_000;
/// Values of the reference that are kept to recognise a change of unit and to draw the figure.
const SAMPLE: usize = 2_000;
/// Bin codes that a forest can tell apart, without that of the missing value.
const CODES: usize = 62;

/// One input or output of the reference.
#[derive(Debug, Clone)]
pub(super) struct Baseline {
    /// The name that it has here.
    pub(super) name: String,
    /// `input` or `output`.
    pub(super) role: &'static str,
    /// How it is counted.
    pub(super) shape: Shape,
    /// Rows of the reference by bin or category.
    pub(super) counts: Vec<u64>,
    /// Rows of the reference, with or without a value.
    pub(super) rows: u64,
    /// Least and greatest number.
    pub(super) range: Option<(f64, f64)>,
    /// Some values, sorted.
    pub(super) sample: Vec<f64>,
    /// Mean loss of the model by bin; empty when it is not known.
    pub(super) loss: Vec<f64>,
    /// Why it is counted but not compared.
    pub(super) left_out: Option<String>,
    index: HashMap<String, u32>,
}

/// Where a cell falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// There is no value.
    Missing,
    /// This bin or category.
    Bin(u32),
    /// A category that the reference never had.
    Unseen,
    /// Text where the reference has numbers.
    WrongType,
}

impl Baseline {
    /// Learns a column from the rows of the reference.
    pub(super) fn learn(name: &str, role: &'static str, cells: &Cells, rows: &[usize]) -> Option<Self> {
        let numbers: Vec<f64> = rows.iter().filter_map(|it| cells.number(*it)).collect();
        let texts = rows.iter().filter(|it| cells.text(**it).is_some()).count();
        if numbers.is_empty() && texts == 0 {
            return None;
        }
        let mut found = Self {
            name: name.to_owned(),
            role,
            shape: Shape::Numbers { edges: Vec::new() },
            counts: Vec::new(),
            rows: rows.len() as u64,
            range: None,
            sample: Vec::new(),
            loss: Vec::new(),
            left_out: None,
            index: HashMap::new(),
        };
        let codes = if texts == 0 { few_codes(&numbers) } else { None };
        if texts == 0 && codes.is_none() {
            found.left_out = left_out(name, &numbers, None);
            found.learn_numbers(numbers);
        } else {
            found.learn_categories(cells, rows, codes);
        }
        for row in rows {
            if let Place::Bin(bin) = found.place(cells, *row)
                && let Some(count) = found.counts.get_mut(bin as usize)
            {
                *count += 1;
            }
        }
        Some(found)
    }

    fn learn_numbers(&mut self, mut numbers: Vec<f64>) {
        numbers.sort_unstable_by(f64::total_cmp);
        self.range = numbers.first().copied().zip(numbers.last().copied());
        let step = numbers.len() as f64 / SAMPLE.min(numbers.len()) as f64;
        self.sample = (0..SAMPLE.min(numbers.len())).map(|it| numbers[(it as f64 * step) as usize]).collect();
        let mut edges: Vec<f64> = (1..BINS).map(|it| numbers[it * numbers.len() / BINS]).collect();
        edges.dedup();
        // Below the least value there is nothing of the reference, so an edge there finds what is new.
        self.counts = vec![0; edges.len() + 1];
        self.shape = Shape::Numbers { edges };
    }

    fn learn_categories(&mut self, cells: &Cells, rows: &[usize], codes: Option<Vec<f64>>) {
        let mut names: Vec<String> = codes.map(|it| it.into_iter().map(number_text).collect()).unwrap_or_default();
        if names.is_empty() {
            let mut counts: HashMap<String, u64> = HashMap::new();
            let mut texts: Vec<u32> = Vec::with_capacity(rows.len());
            for row in rows {
                texts.push(cells.codes.get(*row).copied().unwrap_or(MISSING));
                if let Some(text) = cells.shown(*row) {
                    *counts.entry(text).or_default() += 1;
                }
            }
            self.left_out = left_out(&self.name, &[], Some((&cells.names, &texts)));
            let mut order: Vec<(u64, String)> = counts.into_iter().map(|(name, count)| (count, name)).collect();
            order.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            if order.len() > MOST_CATEGORIES && self.left_out.is_none() {
                self.left_out = Some(format!("has {} different values, too many to compare", order.len()));
            }
            order.truncate(MOST_CATEGORIES);
            names = order.into_iter().map(|it| it.1).collect();
        }
        self.index = names.iter().enumerate().map(|(place, name)| (name.clone(), place as u32)).collect();
        self.counts = vec![0; names.len()];
        self.shape = Shape::Categories { names };
    }

    /// Where a cell falls.
    pub(super) fn place(&self, cells: &Cells, row: usize) -> Place {
        match &self.shape {
            Shape::Numbers { edges } => {
                let number = match cells.number(row) {
                    Some(number) => number,
                    None => match cells.text(row) {
                        None => return Place::Missing,
                        Some(text) => match text.trim().parse::<f64>() {
                            Ok(number) if !number.is_nan() => number,
                            _ if text.trim().is_empty() => return Place::Missing,
                            _ => return Place::WrongType,
                        },
                    },
                };
                Place::Bin(edges.partition_point(|edge| *edge <= number) as u32)
            }
            Shape::Categories { .. } => match cells.text(row) {
                Some(text) => self.index.get(text).map_or(Place::Unseen, |it| Place::Bin(*it)),
                None => match cells.number(row) {
                    Some(number) => self.index.get(&number_text(number)).map_or(Place::Unseen, |it| Place::Bin(*it)),
                    None => Place::Missing,
                },
            },
        }
    }

    /// The places of all categories of a block, so that each is looked up once.
    pub(super) fn places_of_names(&self, cells: &Cells) -> Vec<Place> {
        let place = |name: &String| match &self.shape {
            Shape::Categories { .. } => self.index.get(name).map_or(Place::Unseen, |it| Place::Bin(*it)),
            Shape::Numbers { edges } => match name.trim().parse::<f64>() {
                Ok(number) if !number.is_nan() => Place::Bin(edges.partition_point(|edge| *edge <= number) as u32),
                _ if name.trim().is_empty() => Place::Missing,
                _ => Place::WrongType,
            },
        };
        cells.names.iter().map(place).collect()
    }

    /// The code of a place for a forest: 0 missing, then ascending bins or categories from frequent to rare.
    pub(super) fn code(&self, place: Place) -> u8 {
        match place {
            Place::Missing | Place::WrongType => 0,
            Place::Unseen => CODES as u8 + 1,
            Place::Bin(bin) => match self.shape {
                Shape::Numbers { .. } => 1 + (bin as usize * CODES / self.counts.len().max(1)) as u8,
                Shape::Categories { .. } => 1 + (bin as usize).min(CODES - 1) as u8,
            },
        }
    }

    /// Learns the mean loss by bin from `(row, loss)` pairs of the reference. A bin with few rows is drawn to the mean of all.
    pub(super) fn learn_loss(&mut self, cells: &Cells, losses: &[(usize, f64)]) {
        if losses.is_empty() {
            return;
        }
        let mean = losses.iter().map(|it| it.1).sum::<f64>() / losses.len() as f64;
        let mut sums = vec![(0.0f64, 0.0f64); self.counts.len()];
        for (row, loss) in losses {
            if let Place::Bin(bin) = self.place(cells, *row)
                && let Some(sum) = sums.get_mut(bin as usize)
            {
                sum.0 += loss;
                sum.1 += 1.0;
            }
        }
        const DRAWN: f64 = 20.0;
        self.loss = sums.into_iter().map(|(sum, n)| (sum + DRAWN * mean) / (n + DRAWN)).collect();
    }

    /// Change of the mean loss when the rows move to these counts, by the loss of each bin.
    pub(super) fn cost(&self, counts: &[u64]) -> Option<f64> {
        let (n, m) =
            (self.counts.iter().sum::<u64>() as f64, counts.iter().take(self.counts.len()).sum::<u64>() as f64);
        if self.loss.is_empty() || n == 0.0 || m == 0.0 {
            return None;
        }
        let moved = self.loss.iter().zip(&self.counts).zip(counts);
        Some(moved.map(|((loss, a), b)| loss * (*b as f64 / m - *a as f64 / n)).sum())
    }

    /// Whether rows outside of it tell that the reference cannot speak for them. A column that never varied, such as the year of a
    /// survey, says nothing about where it would have held.
    pub(super) fn bounds_what_is_known(&self) -> bool {
        self.role == "input" && self.left_out.is_none() && self.counts.iter().filter(|it| **it > 0).count() > 1
    }

    /// Share of rows that one would expect outside of what a sample of this size has seen, were nothing to change: two in n for a range, the
    /// share of categories that were seen once for categories (Good and Turing 1953).
    pub(super) fn expected_outside(&self) -> f64 {
        let n = self.counts.iter().sum::<u64>().max(1) as f64;
        match self.shape {
            Shape::Numbers { .. } => (2.0 / n).min(1.0),
            Shape::Categories { .. } => self.counts.iter().filter(|it| **it == 1).count() as f64 / n,
        }
    }
}

/// The values of numbers that are codes; `None` when they are a quantity.
fn few_codes(numbers: &[f64]) -> Option<Vec<f64>> {
    let mut seen: Vec<f64> = Vec::new();
    for value in numbers {
        if value.fract() != 0.0 || value.abs() > 9.0e15 {
            return None;
        }
        if let Err(place) = seen.binary_search_by(|it| it.total_cmp(value)) {
            if seen.len() == MOST_CODES {
                return None;
            }
            seen.insert(place, *value);
        }
    }
    Some(seen)
}

/// Rows of a table or log, thinned out evenly so that they fit into memory.
#[derive(Debug, Default)]
pub(super) struct Thinned {
    /// The rows that were kept.
    pub(super) block: Block,
    /// All rows that there were.
    pub(super) rows: u64,
    stride: u64,
    index: Vec<HashMap<String, u32>>,
}

/// Values that are kept of a reference: at 30 columns about 500,000 rows.
const MOST_VALUES: usize = 15_000_000;
/// Rows that are kept of a reference: quantiles are then known to a tenth of a percent.
const MOST_ROWS: usize = 300_000;

impl Thinned {
    /// Adds the rows of a block; only columns that `wanted` names are kept.
    pub(super) fn add(&mut self, block: &Block, wanted: &dyn Fn(&str) -> bool) {
        if self.stride == 0 {
            self.stride = 1;
        }
        let rows: Vec<usize> =
            (0..block.rows).filter(|it| (self.rows + *it as u64).is_multiple_of(self.stride)).collect();
        let before = self.block.rows;
        for (name, cells) in block.names.iter().zip(&block.columns).filter(|it| wanted(it.0)) {
            let place = match self.block.names.iter().position(|it| it == name) {
                Some(place) => place,
                None if self.block.names.len() >= super::cells::MOST_COLUMNS => continue,
                None => {
                    self.block.names.push(name.clone());
                    self.block.columns.push(Cells::default());
                    self.index.push(HashMap::new());
                    self.block.names.len() - 1
                }
            };
            let (Some(into), Some(index)) = (self.block.columns.get_mut(place), self.index.get_mut(place)) else {
                continue;
            };
            into.not_finite += cells.not_finite;
            if !cells.numbers.is_empty() {
                into.numbers.resize(before, f64::NAN);
                into.numbers.extend(rows.iter().map(|it| cells.numbers.get(*it).copied().unwrap_or(f64::NAN)));
            }
            if !cells.codes.is_empty() {
                into.codes.resize(before, MISSING);
                for row in &rows {
                    let code = cells.text(*row).map_or(MISSING, |text| match index.get(text) {
                        Some(code) => *code,
                        None => {
                            let code = into.names.len() as u32;
                            into.names.push(text.to_owned());
                            index.insert(text.to_owned(), code);
                            code
                        }
                    });
                    into.codes.push(code);
                }
            }
        }
        self.block.rows += rows.len();
        self.rows += block.rows as u64;
        let most = MOST_ROWS.min(MOST_VALUES / self.block.names.len().max(1)).max(1_000);
        while self.block.rows > most {
            self.halve();
        }
    }

    fn halve(&mut self) {
        self.stride *= 2;
        let half = self.block.rows.div_ceil(2);
        for cells in &mut self.block.columns {
            cells.numbers = cells.numbers.iter().step_by(2).copied().collect();
            cells.codes = cells.codes.iter().step_by(2).copied().collect();
        }
        self.block.rows = half;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_column_of_numbers_is_cut_into_even_bins() {
        let cells = Cells::of_numbers((0..10_000).map(|it| f64::from(it) / 7.0).collect());
        let rows: Vec<usize> = (0..10_000).collect();
        let found = Baseline::learn("x", "input", &cells, &rows).unwrap();
        assert_eq!(found.counts.len(), BINS);
        assert!(found.counts.iter().all(|it| *it == 50), "{:?}", found.counts);
        assert_eq!(found.place(&Cells::of_numbers(vec![-1.0, 1e9, f64::NAN]), 0), Place::Bin(0));
        assert_eq!(found.place(&Cells::of_numbers(vec![-1.0, 1e9, f64::NAN]), 1), Place::Bin(199));
        assert_eq!(found.place(&Cells::of_numbers(vec![-1.0, 1e9, f64::NAN]), 2), Place::Missing);
    }

    #[test]
    fn thinning_keeps_rows_of_all_places() {
        let mut thinned = Thinned::default();
        for start in 0..80 {
            let values = (0..10_000).map(|it| f64::from(start * 10_000 + it)).collect();
            thinned.add(
                &Block { names: vec!["x".to_owned()], columns: vec![Cells::of_numbers(values)], rows: 10_000 },
                &|_| true,
            );
        }
        assert_eq!(thinned.rows, 800_000);
        let column = thinned.block.column("x").unwrap();
        assert_eq!(column.numbers.len(), thinned.block.rows);
        assert!(column.numbers.windows(2).all(|it| it[1] - it[0] == 4.0), "every fourth row");
        assert_eq!(column.numbers.last(), Some(&799_996.0));
    }
}
