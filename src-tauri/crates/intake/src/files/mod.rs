//! Files of a watched folder: their labels, how they are found, and what identifies their bytes.

pub mod hash;
pub mod ignored;
pub mod path;
pub mod platform;
pub mod root;
pub mod walk;

pub use hash::{HashError, Hashed, hash_file, hash_many};
pub use path::{LabelError, label_of, resolve};
pub use platform::FileStat;
pub use root::{RootError, RootWarning, check_root, root_warning};
pub use walk::{Alias, FileError, FoundFile, Walk, WalkOptions, walk, walk_under};
