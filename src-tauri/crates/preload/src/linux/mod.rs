//! The watched calls of the C library.

mod held;
mod names;
mod open;
mod original;
mod programs;
mod trace;
