//! Pictures as SVG: deterministic bytes, colours as classes, every number also as a mark.
//!
//! An element carries exactly one class of `fig-reference` (always the table compared with), `fig-current` (always the
//! table that is looked at), `fig-axis`, `fig-grid`, `fig-text`, `fig-1` … `fig-6`, and always both `fill` and `stroke`,
//! of which one is `none`. A theme repaints whichever of the two is not `none`; without a theme the plain colours stand.

mod canvas;
mod classifier;
mod column;
mod curves;
mod distribution;
mod effects;
mod monitor;
mod ticks;

use serde::{Deserialize, Serialize};

pub use classifier::{importance, roc};
pub use column::column;
pub use curves::metric_curves;
pub use distribution::{TableNames, drift_column, masked};
pub use effects::drift_effects;
pub use monitor::{monitor, spark};
pub(crate) use {classifier::auc_words, effects::verdict_word};

/// How much room a figure has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// 120 by 28, without axes, for the row of a table.
    Small,
    /// With axes, legend and numbers.
    Full,
}

/// A rectangle of a figure that stands for a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The series: `reference`, `current`, `rows`, …
    pub series: String,
    /// What it stands for: a category, or a range of numbers.
    pub label: String,
    /// Its number as text, with unit.
    pub value: String,
    /// Left edge in the coordinates of the view box.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width, at least 6.
    pub width: f64,
    /// Height, at least 6.
    pub height: f64,
}

/// A picture with its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What it shows.
    pub title: String,
    /// The same in a sentence, for those who do not see it.
    pub description: String,
    /// The picture, a complete SVG document.
    pub svg: String,
    /// Width of the view box.
    pub width: f64,
    /// Height of the view box.
    pub height: f64,
    /// Its numbers.
    pub marks: Vec<Mark>,
}

impl Figure {
    /// The picture to be placed inside HTML, where the namespace is known.
    pub fn inline(&self) -> String {
        self.svg.replacen(canvas::NAMESPACE, "", 1)
    }
}
