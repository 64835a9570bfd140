//! Rows of named columns, as tables and examples have them, put into the inputs of a model.

use crate::error::ScoringError;
use crate::kind::Kind;
use crate::model::{Model, Port};
use crate::values::{Tensor, Values};

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing: NaN where the model takes numbers with a fraction, an error elsewhere.
    Missing,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// Columns by name, each with one value for every row.
pub type Columns = Vec<(String, Vec<Cell>)>;

/// Names under which exporters write the order of the columns into a model.
const NAMES_OF_COLUMNS: &[&str] = &["feature_names", "feature_names_in_", "features", "columns"];

impl Model {
    /// The columns of its input, in their order: the names of the inputs where each is one column, else what the model's metadata says.
    pub fn columns(&self) -> Option<Vec<String>> {
        if self.inputs().iter().all(is_column) {
            return Some(self.inputs().iter().map(|it| it.name.clone()).collect());
        }
        let said = NAMES_OF_COLUMNS.iter().find_map(|it| self.metadata(it))?;
        let names: Vec<String> = serde_json::from_str(said)
            .unwrap_or_else(|_| said.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect());
        (self.width() == Some(names.len())).then_some(names)
    }

    /// Number of columns of its only input, where that is a matrix of known width.
    pub fn width(&self) -> Option<usize> {
        match self.inputs() {
            [one] => match one.shape.as_deref() {
                Some([_, width]) => usize::try_from(*width).ok(),
                _ => None,
            },
            _ => None,
        }
    }

    /// Evaluates rows of named columns to all outputs. `order` names the columns of a model whose only input is a matrix; without it the
    /// model itself must. Columns that the model does not take are passed over.
    ///
    /// # Errors
    /// If it is not known which column goes where, one is missing, or the evaluation fails.
    pub fn evaluate_columns(
        &self,
        columns: &Columns,
        order: Option<&[String]>,
    ) -> Result<Vec<(String, Tensor)>, ScoringError> {
        let column = |name: &str| {
            columns
                .iter()
                .find(|it| it.0 == name)
                .map(|it| it.1.as_slice())
                .ok_or_else(|| ScoringError::Input(format!("the column {name}, which the model takes, is missing")))
        };
        if self.inputs().iter().all(is_column) {
            let given = self.inputs().iter().map(|input| {
                let cells = column(&input.name)?;
                let kind = input.kind.unwrap_or(Kind::F32);
                let mut shape = vec![cells.len()];
                shape.extend(std::iter::repeat_n(1, input.shape.as_ref().map_or(1, Vec::len).saturating_sub(1)));
                Ok((input.name.clone(), Tensor::new(shape, of_cells(&input.name, kind, cells)?)?))
            });
            return self.evaluate(given.collect::<Result<_, ScoringError>>()?);
        }
        let ([input], Some(width)) = (self.inputs(), self.width()) else {
            return Err(ScoringError::Input(
                "the model takes neither one column in each of its inputs nor one matrix, so columns cannot be given"
                    .to_owned(),
            ));
        };
        let own = self.columns();
        let order = order.or(own.as_deref()).ok_or_else(|| {
            ScoringError::Input(format!("the model takes {width} columns without names, so their order has to be said"))
        })?;
        if order.len() != width {
            return Err(ScoringError::Input(format!("the model takes {width} columns, and {} are named", order.len())));
        }
        let kind = input.kind.unwrap_or(Kind::F32);
        let cells: Vec<&[Cell]> = order.iter().map(|it| column(it)).collect::<Result<_, _>>()?;
        let rows = cells.first().map_or(0, |it| it.len());
        let mut flat = Vec::with_capacity(rows * width);
        for row in 0..rows {
            for (name, cells) in order.iter().zip(&cells) {
                let cell = cells.get(row).cloned();
                flat.push(cell.ok_or_else(|| ScoringError::Input(format!("the column {name} has fewer rows")))?);
            }
        }
        self.evaluate(vec![(input.name.clone(), Tensor::new(vec![rows, width], of_cells(&input.name, kind, &flat)?)?)])
    }
}

/// Whether an input is one column: `[rows]` or `[rows, 1]`.
fn is_column(input: &Port) -> bool {
    matches!(input.shape.as_deref(), Some([-1] | [-1, 1]))
}

/// Cells as values that the input can take.
fn of_cells(name: &str, kind: Kind, cells: &[Cell]) -> Result<Values, ScoringError> {
    // What the cell holds is not said: messages are written down where values may be hidden.
    let wrong = |cell: &Cell| {
        let given = match cell {
            Cell::Missing => "nothing",
            Cell::Bool(_) => "yes or no",
            Cell::Integer(_) => "a whole number that it cannot hold",
            Cell::Number(_) => "a number that it cannot hold",
            Cell::Text(_) => "a text",
        };
        ScoringError::Input(format!("{name} takes {}, and was given {given}", kind.protocol_name()))
    };
    if kind == Kind::Text {
        let text = |cell: &Cell| match cell {
            Cell::Text(it) => Ok(it.clone()),
            Cell::Integer(it) => Ok(it.to_string()),
            Cell::Bool(it) => Ok(it.to_string()),
            Cell::Number(_) | Cell::Missing => Err(wrong(cell)),
        };
        return cells.iter().map(text).collect::<Result<_, _>>().map(Values::Text);
    }
    if kind.range().is_some() {
        let whole = |cell: &Cell| match cell {
            Cell::Integer(it) => Ok(*it),
            Cell::Bool(it) => Ok(i64::from(*it)),
            Cell::Number(it) if it.fract() == 0.0 && it.abs() < 9e15 => Ok(*it as i64),
            _ => Err(wrong(cell)),
        };
        return cells.iter().map(whole).collect::<Result<_, _>>().map(Values::I64);
    }
    let number = |cell: &Cell| match cell {
        Cell::Number(it) => Ok(*it),
        Cell::Integer(it) => Ok(*it as f64),
        Cell::Bool(it) => Ok(f64::from(u8::from(*it))),
        Cell::Missing => Ok(f64::NAN),
        Cell::Text(_) => Err(wrong(cell)),
    };
    cells.iter().map(number).collect::<Result<_, _>>().map(Values::F64)
}
