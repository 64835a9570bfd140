//! Lives inside the processes of a recorded run (Linux): notes which files they open, rename and remove.
//!
//! `proofmark run` names this library in `LD_PRELOAD` and a trace file in `PROOFMARK_TRACE`. Each call below is passed on to
//! the C library unchanged; afterwards one line is appended to the trace by a single `write`, so that the lines of several
//! processes do not mix. Nothing here allocates on the heap or takes a lock, and only one thing can fail a call that is watched:
//! opening data that is held back (`PROOFMARK_HELD`), which is refused.
//!
//! What it cannot see: statically linked programs, programs that make system calls themselves, and io_uring. The recorder
//! says so.

#[cfg(target_os = "linux")]
mod linux;
