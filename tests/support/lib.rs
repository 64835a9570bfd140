//! What the tests from outside share: a sandbox, the command line, the real window, and patience.
//!
//! Nothing here imports the application. It is driven as people and other programs drive it: by its command, its window, and the
//! files that it leaves behind.

mod child;
mod cli;
mod place;
mod sample;
mod sandbox;
mod steps;
mod table;
mod wait;
mod window;

pub use child::{OwnedChild, kill_now};
pub use cli::{Answer, Cli, Stream};
pub use place::{python, repository, screenshots};
pub use sample::{Desk, PASSPHRASE, SAMPLE_MODEL};
pub use sandbox::Sandbox;
pub use steps::RELEASED_AS;
pub use table::Csv;
pub use wait::{PATIENCE, eventually, until};
pub use window::{Theme, Window};

/// What a test answers.
pub type Outcome<T = ()> = anyhow::Result<T>;
