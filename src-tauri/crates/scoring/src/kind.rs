//! The kinds of values that inputs and outputs hold.

use serde::Serialize;
use tract_onnx::prelude::DatumType;

/// The kind of value that an input or output holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Kind {
    Bool,
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    F16,
    F32,
    F64,
    /// UTF-8.
    Text,
}

impl Kind {
    pub(crate) const fn of(datum: DatumType) -> Option<Self> {
        Some(match datum {
            DatumType::Bool => Self::Bool,
            DatumType::U8 => Self::U8,
            DatumType::U16 => Self::U16,
            DatumType::U32 => Self::U32,
            DatumType::U64 => Self::U64,
            DatumType::I8 => Self::I8,
            DatumType::I16 => Self::I16,
            DatumType::I32 => Self::I32,
            // The runtime counts in an integer of its own where shapes are computed.
            DatumType::I64 | DatumType::TDim => Self::I64,
            DatumType::F16 => Self::F16,
            DatumType::F32 => Self::F32,
            DatumType::F64 => Self::F64,
            DatumType::String => Self::Text,
            _ => return None,
        })
    }

    pub(crate) const fn datum(self) -> DatumType {
        match self {
            Self::Bool => DatumType::Bool,
            Self::U8 => DatumType::U8,
            Self::U16 => DatumType::U16,
            Self::U32 => DatumType::U32,
            Self::U64 => DatumType::U64,
            Self::I8 => DatumType::I8,
            Self::I16 => DatumType::I16,
            Self::I32 => DatumType::I32,
            Self::I64 => DatumType::I64,
            Self::F16 => DatumType::F16,
            Self::F32 => DatumType::F32,
            Self::F64 => DatumType::F64,
            Self::Text => DatumType::String,
        }
    }

    /// Whether its values are numbers.
    pub const fn is_number(self) -> bool {
        !matches!(self, Self::Text)
    }

    /// The name that the Open Inference Protocol gives it.
    pub const fn protocol_name(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::U8 => "UINT8",
            Self::U16 => "UINT16",
            Self::U32 => "UINT32",
            Self::U64 => "UINT64",
            Self::I8 => "INT8",
            Self::I16 => "INT16",
            Self::I32 => "INT32",
            Self::I64 => "INT64",
            Self::F16 => "FP16",
            Self::F32 => "FP32",
            Self::F64 => "FP64",
            Self::Text => "BYTES",
        }
    }

    /// The kind of a name of the Open Inference Protocol.
    pub fn by_protocol_name(name: &str) -> Option<Self> {
        const ALL: [Kind; 13] = [
            Kind::Bool,
            Kind::U8,
            Kind::U16,
            Kind::U32,
            Kind::U64,
            Kind::I8,
            Kind::I16,
            Kind::I32,
            Kind::I64,
            Kind::F16,
            Kind::F32,
            Kind::F64,
            Kind::Text,
        ];
        ALL.into_iter().find(|it| it.protocol_name() == name)
    }

    /// Smallest and largest value of an integer kind.
    pub(crate) const fn range(self) -> Option<(i128, i128)> {
        Some(match self {
            Self::Bool => (0, 1),
            Self::U8 => (0, u8::MAX as i128),
            Self::U16 => (0, u16::MAX as i128),
            Self::U32 => (0, u32::MAX as i128),
            Self::U64 => (0, u64::MAX as i128),
            Self::I8 => (i8::MIN as i128, i8::MAX as i128),
            Self::I16 => (i16::MIN as i128, i16::MAX as i128),
            Self::I32 => (i32::MIN as i128, i32::MAX as i128),
            Self::I64 => (i64::MIN as i128, i64::MAX as i128),
            Self::F16 | Self::F32 | Self::F64 | Self::Text => return None,
        })
    }
}
