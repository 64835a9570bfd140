//! What was read of a text table while it was gone through for the first time, so that it need not be read again.
//!
//! The types of columns are known for sure only at the end of the file. They are guessed from its beginning, the values are kept as
//! such, and the few columns for which the guess was wrong are read once more.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use polars::prelude::DataFrame;

use super::build::{FrameBuilder, ReadAs};

/// Bytes that all tables of the process together keep.
const MOST: u64 = 384 << 20;

/// Rows of a frame that is kept, at most.
const ROWS: usize = 65_536;

/// Bytes of a frame, at most, but for its last row: whether there is room is asked once a frame, and rows can be very wide.
const FRAME: usize = 16 << 20;

/// Bytes that a value takes beside its text.
const VALUE: usize = 8;

static HELD: AtomicU64 = AtomicU64::new(0);

/// Frames in the order of the file.
#[derive(Debug)]
pub struct Kept {
    frames: Mutex<Vec<DataFrame>>,
    /// Columns, by index, whose type was guessed wrongly and whose values are not here.
    wrong: Mutex<Vec<usize>>,
    bytes: u64,
}

impl Drop for Kept {
    fn drop(&mut self) {
        HELD.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

impl Kept {
    /// The frames, once the columns that were guessed wrongly are put right by `reread`, which gets their indices and gives
    /// them in frames of any heights.
    pub fn frames<E>(
        &self,
        reread: impl FnOnce(&[usize]) -> Result<Vec<DataFrame>, E>,
        misfit: impl Fn() -> E,
    ) -> Result<Vec<DataFrame>, E> {
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if !wrong.is_empty() {
            let mut parts = reread(&wrong)?.into_iter();
            let mut right = parts.next().unwrap_or_default();
            for part in parts {
                right.vstack_mut_owned(part).map_err(|_| misfit())?;
            }
            right.rechunk_mut();
            if right.height() != frames.iter().map(DataFrame::height).sum::<usize>() {
                return Err(misfit());
            }
            let mut whole = Vec::with_capacity(frames.len());
            let mut from = 0usize;
            for frame in frames.iter() {
                let here = right.slice(from as i64, frame.height());
                from += frame.height();
                let mut frame = frame.clone();
                for (at, column) in wrong.iter().zip(here.columns()) {
                    frame.replace_column(*at, column.clone()).map_err(|_| misfit())?;
                }
                whole.push(frame);
            }
            *frames = whole;
            wrong.clear();
        }
        // Columns are shared, not copied.
        Ok(frames.clone())
    }
}

/// Keeps what is read, as long as there is room.
pub struct Keeping {
    builder: Option<FrameBuilder>,
    frames: Vec<DataFrame>,
    guessed: Vec<ReadAs>,
    /// Bytes in the builder, about.
    building: usize,
    bytes: u64,
}

impl Keeping {
    /// Begins with a guess of the columns' types.
    pub fn new(names: &[String], guessed: Vec<ReadAs>) -> Self {
        let plan = names.iter().zip(&guessed).enumerate().map(|(at, (name, kind))| (at, name.clone(), *kind)).collect();
        Self { builder: Some(FrameBuilder::new(plan)), frames: Vec::new(), guessed, building: 0, bytes: 0 }
    }

    /// Adds a row.
    pub fn push<'a>(&mut self, field: impl Fn(usize) -> Option<&'a str>) {
        let Some(builder) = &mut self.builder else { return };
        let size = Cell::new(0usize);
        builder.push(|at| {
            let field = field(at);
            size.set(size.get() + VALUE + field.map_or(0, str::len));
            field
        });
        self.building += size.get();
        if builder.height >= ROWS || self.building >= FRAME {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.building = 0;
        let Some(frame) = self.builder.as_mut().map(FrameBuilder::take) else { return };
        let room = frame.ok().filter(|frame| {
            let size = frame.estimated_size() as u64;
            let fits = HELD.fetch_add(size, Ordering::AcqRel) + size <= MOST;
            self.bytes += size;
            fits
        });
        match room {
            Some(frame) => self.frames.push(frame),
            None => self.stop(),
        }
    }

    /// Keeps nothing any more.
    fn stop(&mut self) {
        self.builder = None;
        self.frames = Vec::new();
        HELD.fetch_sub(std::mem::take(&mut self.bytes), Ordering::AcqRel);
    }

    /// What was kept, if all of it was.
    pub fn finish(mut self, types: &[ReadAs]) -> Option<Kept> {
        if self.builder.as_ref().is_some_and(|it| it.height > 0) {
            self.cut();
        }
        self.builder.as_ref()?;
        let wrong: Vec<usize> =
            self.guessed.iter().zip(types).enumerate().filter(|(_, (a, b))| a != b).map(|(at, _)| at).collect();
        let bytes = std::mem::take(&mut self.bytes);
        Some(Kept { frames: Mutex::new(std::mem::take(&mut self.frames)), wrong: Mutex::new(wrong), bytes })
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        HELD.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}
