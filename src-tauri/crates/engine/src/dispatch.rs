//! From a request on the wire to the method of the same name.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proofmark_contract::{Access, Call, ErrorBody, ErrorCode, for_each_command};
use serde::Serialize;
use serde_json::Value;

use crate::Engine;
use crate::jobs::panicked;
use crate::trouble::Trouble;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The main window, in front of which a person sits.
    MainWindow,
    /// Any other window: it may look and do nothing.
    OtherWindow,
}

impl Caller {
    /// The caller that a window with this label is.
    pub fn window(label: &str) -> Self {
        if label == "main" { Self::MainWindow } else { Self::OtherWindow }
    }

    const fn may(&self, access: Access) -> bool {
        match self {
            Self::MainWindow => true,
            Self::OtherWindow => matches!(access, Access::Read),
        }
    }
}

fn to_value<T: Serialize>(answer: &T) -> Result<Value, Trouble> {
    serde_json::to_value(answer)
        .map_err(|error| Trouble::new(ErrorCode::Internal, format!("The answer could not be written down: {error}.")))
}

macro_rules! router {
    ($($name:ident ($request:ident) -> $answer:ident : $access:ident => [$($tag:ident),* $(,)?],)*) => {
        impl Engine {
            fn route(&self, call: Call) -> Result<Value, Trouble> {
                match call {
                    $(Call::$name(request) => {
                        let answer: proofmark_contract::view::$answer = self.$name(request)?;
                        to_value(&answer)
                    })*
                }
            }
        }
    };
}

for_each_command!(router);

impl Engine {
    /// Answers one request.
    ///
    /// # Errors
    /// If the caller may not ask this, or what the command itself answers. A mistake of ours becomes an error as well, and the
    /// engine goes on.
    pub fn dispatch(&self, caller: &Caller, call: Call) -> Result<Value, ErrorBody> {
        let info = call.info();
        if !caller.may(info.access) {
            return Err(ErrorBody::new(ErrorCode::Blocked, format!("This window may not call `{}`.", info.name)));
        }
        catch_unwind(AssertUnwindSafe(|| self.route(call)))
            .unwrap_or_else(|panic| Err(Trouble(panicked(&panic))))
            .map_err(|trouble| trouble.0)
    }
}
