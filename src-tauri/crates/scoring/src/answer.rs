//! The one value of an answer that counts.

use crate::error::ScoringError;
use crate::values::{Tensor, Values};

/// Which value of an answer counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    output: usize,
    column: usize,
    width: usize,
    /// The output, and the class where it has several.
    pub name: String,
}

/// What counts where a model answers with scores for more than two classes, and nobody said which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManyClasses {
    /// The first output, which is the label in exports of classifiers.
    Label,
    /// The score of the class that scores highest in the first row.
    Highest,
}

impl Counted {
    /// Of named outputs. `wanted` is the name of an output, or `OUTPUT.CLASS` with the name or the number (from 0) of one of its columns.
    /// Without it: of two classes the later one; of a single number, that; else as `many` says.
    ///
    /// # Errors
    /// If there is no such output, or it is not clear which value counts.
    pub fn of(
        model: &crate::Model,
        answers: &[(String, Tensor)],
        wanted: Option<&str>,
        many: ManyClasses,
    ) -> Result<Self, ScoringError> {
        let width = |at: usize| answers.get(at).map_or(0, |it| it.1.shape().iter().skip(1).product::<usize>());
        let classes = |at: usize| model.outputs().get(at).and_then(|it| it.classes.clone()).unwrap_or_default();
        let column = |at: usize, column: usize| {
            let name = answers.get(at).map(|it| it.0.clone()).unwrap_or_default();
            let width = width(at);
            let class = classes(at).get(column).cloned().unwrap_or_else(|| column.to_string());
            let name = if width == 1 { name } else { format!("{name}.{class}") };
            Self { output: at, column, width, name }
        };
        let wrong = |why: String| Err(ScoringError::Input(why));
        if let Some(wanted) = wanted {
            if let Some(at) = answers.iter().position(|it| it.0 == wanted) {
                return match width(at) {
                    1 => Ok(column(at, 0)),
                    2 => Ok(column(at, 1)),
                    many => wrong(format!("{wanted} has {many} columns; name one as {wanted}.CLASS")),
                };
            }
            let named = answers.iter().enumerate().find_map(|(at, (name, _))| {
                let class = wanted.strip_prefix(name.as_str())?.strip_prefix('.')?;
                let by_name = classes(at).iter().position(|it| it == class);
                let by_number = || class.parse::<usize>().ok().filter(|it| *it < width(at));
                by_name.or_else(by_number).map(|it| column(at, it))
            });
            let names: Vec<&str> = answers.iter().map(|it| it.0.as_str()).collect();
            return named.map_or_else(
                || wrong(format!("the model has no output {wanted}; it answers {}", names.join(", "))),
                Ok,
            );
        }
        let is_number = |at: usize| answers.get(at).is_some_and(|it| !matches!(it.1.values(), Values::Text(_)));
        let is_score =
            |at: usize| answers.get(at).is_some_and(|it| matches!(it.1.values(), Values::F32(_) | Values::F64(_)));
        if let Some(at) = (0..answers.len()).find(|at| is_score(*at) && width(*at) == 2) {
            return Ok(column(at, 1));
        }
        if let Some(at) = (0..answers.len()).find(|at| is_score(*at) && width(*at) > 2) {
            return match many {
                ManyClasses::Label => Ok(column(0, 0)),
                ManyClasses::Highest => {
                    let values = answers[at].1.values();
                    let score = |it: &usize| values.number(*it).unwrap_or(f64::NEG_INFINITY);
                    let best = (0..width(at)).max_by(|a, b| score(a).total_cmp(&score(b)).then(b.cmp(a)));
                    Ok(column(at, best.unwrap_or(0)))
                }
            };
        }
        match (0..answers.len()).find(|at| is_number(*at) && width(*at) == 1) {
            Some(at) => Ok(column(at, 0)),
            None if !answers.is_empty() => Ok(column(0, 0)),
            None => wrong("the model answers nothing".to_owned()),
        }
    }

    fn place(&self, row: usize) -> usize {
        row * self.width.max(1) + self.column
    }

    /// The value of a row as a number; `None` where it is a text.
    pub fn number(&self, answers: &[(String, Tensor)], row: usize) -> Option<f64> {
        answers.get(self.output)?.1.values().number(self.place(row))
    }

    /// The value of a row as text.
    pub fn text(&self, answers: &[(String, Tensor)], row: usize) -> Option<String> {
        answers.get(self.output)?.1.values().text(self.place(row))
    }

    /// Whether the value is a text.
    pub fn is_text(&self, answers: &[(String, Tensor)]) -> bool {
        answers.get(self.output).is_some_and(|it| matches!(it.1.values(), Values::Text(_)))
    }
}
