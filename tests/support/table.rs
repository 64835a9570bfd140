//! Tables for tests, made on the spot.

use std::fmt::Write;

/// A CSV under construction. Numbers are pseudo-random and the same on every machine.
#[derive(Debug, Clone)]
pub struct Csv {
    text: String,
    state: u64,
}

impl Csv {
    /// Begins with a line of names.
    pub fn new(names: &[&str]) -> Self {
        Self { text: format!("{}\n", names.join(",")), state: 0x9e37_79b9_7f4a_7c15 }
    }

    /// Adds a row.
    pub fn row(&mut self, fields: &[String]) -> &mut Self {
        // Writing into a string cannot fail.
        let _ = writeln!(self.text, "{}", fields.join(","));
        self
    }

    /// The next number of `0..1`.
    pub fn random(&mut self) -> f64 {
        // SplitMix64 (Steele, Lea and Flood, 2014): small, and good enough to fill tables.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// What was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Customers with an age and an income, `rows` of them.
    pub fn customers(rows: usize) -> Self {
        let mut csv = Self::new(&["customer_id", "age", "income", "city"]);
        for id in 0..rows {
            let age = 18 + (csv.random() * 60.0) as u32;
            let income = 900.0 + csv.random() * 4_000.0;
            let city = ["Berlin", "Hamburg", "Kiel"][(csv.random() * 3.0) as usize % 3];
            csv.row(&[format!("C-{id:06}"), age.to_string(), format!("{income:.2}"), city.to_owned()]);
        }
        csv
    }
}
