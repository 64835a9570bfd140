//! What was gathered about a table, saved so that parts profiled apart can be put together. The format is described in
//! `src-tauri/docs/profile-format.md`.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use proofmark_domain::profile::{Reading, TableProfile};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::column::{ColumnAccumulator, Facts};

/// Name and version of the format.
const SCHEMA: &str = "proofmark/profile-sketch/1";
/// A saved profile unpacks to at most this many bytes.
const LARGEST: u64 = 1 << 30;

/// Why a profile could not be saved, read back or merged.
#[derive(Debug, Error)]
pub enum SketchError {
    /// The operating system refused.
    #[error("{} could not be read or written: {source}. Check the folder and your permissions.", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// It is something else, or was damaged.
    #[error("{} is not a saved profile: {detail}. Nothing of it was used; save it again with `profile --save`.", path.display())]
    NotASketch {
        /// The file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// The profiles are not of one table.
    #[error("{} and {} are not parts of one table: {detail}. Nothing was merged.", first.display(), other.display())]
    Differ {
        /// The first.
        first: PathBuf,
        /// The one that does not fit.
        other: PathBuf,
        /// How they differ.
        detail: String,
    },
}

/// What was gathered about a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sketch {
    schema: String,
    path: String,
    rows: u64,
    reading: Reading,
    columns: Vec<ColumnAccumulator>,
}

impl Sketch {
    pub(super) fn new(path: String, rows: u64, reading: Reading, columns: Vec<ColumnAccumulator>) -> Self {
        Self { schema: SCHEMA.to_owned(), path, rows, reading, columns }
    }

    /// The summary.
    pub fn finish(self) -> TableProfile {
        let rows = self.rows;
        TableProfile {
            path: self.path,
            digest: None,
            rows,
            reading: self.reading,
            columns: self.columns.into_par_iter().map(|column| column.finish(rows)).collect(),
            associations: Vec::new(),
        }
    }

    /// Takes the texts of the named columns out, because they are sensitive.
    pub fn mask(&mut self, sensitive: &dyn Fn(&str) -> bool) {
        self.columns.iter_mut().filter(|column| sensitive(&column.name)).for_each(ColumnAccumulator::mask);
    }

    /// Saves it. A file of that name is replaced as a whole, or left as it was.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), SketchError> {
        let io = |source| SketchError::Io { path: path.to_owned(), source };
        let mut small = self.clone();
        small.columns.par_iter_mut().for_each(ColumnAccumulator::shrink);
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        let write = || -> std::io::Result<()> {
            let mut packed = zstd::Encoder::new(BufWriter::new(File::create(&part)?), 3)?;
            serde_json::to_writer(&mut packed, &small)?;
            let mut file = packed.finish()?;
            file.flush()?;
            file.get_ref().sync_all()?;
            std::fs::rename(&part, path)
        };
        write().map_err(|source| {
            // What was half written is of no use; that it may not be removable either changes nothing.
            std::fs::remove_file(&part).ok();
            io(source)
        })
    }

    /// Reads a saved one back.
    ///
    /// # Errors
    /// If it cannot be read, or is none.
    pub fn load(path: &Path) -> Result<Self, SketchError> {
        let not = |detail: String| SketchError::NotASketch { path: path.to_owned(), detail };
        let file = File::open(path).map_err(|source| SketchError::Io { path: path.to_owned(), source })?;
        let unpacked = zstd::Decoder::new(file).map_err(|error| not(error.to_string()))?;
        let sketch: Self =
            serde_json::from_reader(BufReader::new(unpacked.take(LARGEST))).map_err(|error| not(error.to_string()))?;
        if sketch.schema != SCHEMA {
            return Err(not(format!("its format is `{}`, and `{SCHEMA}` is read", sketch.schema)));
        }
        match sketch.columns.iter().find(|column| !is_sound(column, sketch.rows)) {
            Some(column) => Err(not(format!("what it says about `{}` cannot be true", column.name))),
            None => Ok(sketch),
        }
    }

    /// Puts the saved profiles of the parts of one table together.
    ///
    /// # Errors
    /// If one cannot be read, or they are not of one table.
    pub fn merged(paths: &[PathBuf]) -> Result<Self, SketchError> {
        let Some((first, rest)) = paths.split_first() else {
            return Err(SketchError::NotASketch { path: PathBuf::new(), detail: "no file was named".to_owned() });
        };
        let mut all = Self::load(first)?;
        for path in rest {
            let part = Self::load(path)?;
            let differ = |detail: String| SketchError::Differ { first: first.clone(), other: path.clone(), detail };
            let names = |sketch: &Self| sketch.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
            if names(&all) != names(&part) {
                return Err(differ("their columns differ".to_owned()));
            }
            all.rows += part.rows;
            for (own, more) in all.columns.iter_mut().zip(part.columns) {
                if !own.merge(more) {
                    return Err(differ(format!("`{}` holds values of different kinds", own.name)));
                }
            }
        }
        all.reading.notes = vec![format!("put together from {} saved profiles", paths.len())];
        Ok(all)
    }
}

fn is_sound(column: &ColumnAccumulator, rows: u64) -> bool {
    column.nulls <= rows
        && match &column.facts {
            Facts::Numbers(it) | Facts::Moments(it) => {
                it.quantiles.is_sound() && it.values.is_sound() && it.moments.n <= rows
            }
            Facts::Texts(it) | Facts::Nested(it) => it.values.is_sound(),
            Facts::Booleans { yes, no } => yes.saturating_add(*no) <= rows,
            Facts::Nothing => true,
        }
}

/// Ends of a range that may be empty: JSON has no infinity.
pub mod edge {
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes an infinity as text.
    pub fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() {
            to.serialize_f64(*value)
        } else {
            to.serialize_str(if *value > 0.0 { "inf" } else { "-inf" })
        }
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(f64),
        Word(String),
    }

    /// Reads it back.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        match Written::deserialize(from)? {
            Written::Number(value) => Ok(value),
            Written::Word(word) if word == "inf" => Ok(f64::INFINITY),
            Written::Word(word) if word == "-inf" => Ok(f64::NEG_INFINITY),
            Written::Word(word) => Err(serde::de::Error::custom(format!("`{word}` is no number"))),
        }
    }
}
