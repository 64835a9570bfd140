//! One root cause, one finding.

use proofmark_domain::check::{Finding, FindingKind};

use FindingKind as K;

/// What a finding about a column explains of the others about it.
fn explains(cause: FindingKind) -> &'static [FindingKind] {
    match cause {
        K::UnitChange | K::ScaleChange => &[
            K::OutOfRange,
            K::Outliers,
            K::DistributionChange,
            K::Sentinel,
            K::PrecisionLoss,
            K::TypeChange,
            K::ClippedValues,
            K::ImpossibleOrder,
        ],
        K::SwappedColumns | K::ShiftedColumns => &[
            K::OutOfRange,
            K::Outliers,
            K::DistributionChange,
            K::UnitChange,
            K::ScaleChange,
            K::UnseenCategory,
            K::MixedTypes,
            K::TypeChange,
            K::ClippedValues,
            K::PrecisionLoss,
            K::NullSurge,
            K::MixedNumberFormats,
            K::Sentinel,
            K::CodeRemap,
            K::AlmostConstant,
            K::MixedDateFormats,
            K::ImpossibleOrder,
            K::UnsortedTime,
            K::NullLikeStrings,
            K::PlaceholderValues,
        ],
        K::Sentinel => &[
            K::OutOfRange,
            K::Outliers,
            K::DistributionChange,
            K::ImpossibleOrder,
            K::FutureTimestamps,
            K::UnsortedTime,
            K::TypeChange,
            K::NullSurge,
            K::Overflow,
        ],
        K::NullLikeStrings | K::PlaceholderValues => &[
            K::UnseenCategory,
            K::MixedTypes,
            K::NullSurge,
            K::TypeChange,
            K::DistributionChange,
            K::CategoryTypos,
            K::CasingVariants,
        ],
        K::Mojibake | K::LossyEncoding | K::InvisibleCharacters | K::WhitespaceVariants => {
            &[K::UnseenCategory, K::DistributionChange, K::CategoryTypos, K::TypeChange, K::MixedTypes]
        }
        K::CasingVariants | K::CategoryTypos => &[K::UnseenCategory, K::DistributionChange],
        K::CodeRemap => &[K::UnseenCategory, K::DistributionChange, K::CasingVariants, K::OutOfRange, K::CategoryTypos],
        K::DateOrderFlip => &[
            K::TypeChange,
            K::MixedDateFormats,
            K::FutureTimestamps,
            K::UnsortedTime,
            K::TimeGap,
            K::ImpossibleOrder,
            K::StaleTimestamps,
            K::DistributionChange,
        ],
        K::BrokenForeignKey => &[K::UnseenCategory],
        K::LabelNoise => &[K::ConflictingLabels, K::DistributionChange],
        K::MixedTypes | K::MixedNumberFormats | K::MixedDateFormats => &[
            K::TypeChange,
            K::UnseenCategory,
            K::DistributionChange,
            K::FutureTimestamps,
            K::UnsortedTime,
            K::TimeGap,
            K::OutOfRange,
            K::Outliers,
        ],
        K::TypeChange => &[K::DistributionChange, K::UnseenCategory, K::PrecisionLoss],
        K::AllNull => &[K::NullSurge, K::TypeChange, K::ConstantColumn],
        K::ConstantColumn => &[
            K::DistributionChange,
            K::TypeChange,
            K::AlmostConstant,
            K::ClippedValues,
            K::FrozenValues,
            K::PrecisionLoss,
        ],
        K::AlmostConstant => &[K::DistributionChange, K::ClippedValues],
        K::Overflow => &[K::Outliers, K::OutOfRange, K::DistributionChange, K::ClippedValues],
        K::Outliers => &[K::OutOfRange],
        K::OutOfRange => &[K::DistributionChange],
        K::ClippedValues | K::PrecisionLoss | K::FrozenValues => &[K::DistributionChange, K::OutOfRange],
        K::UnseenCategory | K::NullSurge => &[K::DistributionChange],
        K::FutureTimestamps => &[K::ImpossibleOrder, K::TimeGap, K::UnsortedTime, K::OutOfRange],
        K::StaleTimestamps => &[K::ConstantColumn, K::UnsortedTime, K::AlmostConstant, K::TimeGap],
        K::ImpossibleOrder => &[K::TimeGap, K::OutOfRange, K::UnsortedTime],
        K::ColumnRenamed => &[K::ColumnAdded, K::ColumnDropped],
        K::TargetLeakage => &[K::IdentifierLeakage, K::ColumnAdded],
        _ => &[],
    }
}

/// What a finding about the table as a whole explains.
fn explains_table(cause: FindingKind) -> &'static [FindingKind] {
    match cause {
        K::StaleCopy => &[K::StaleTimestamps, K::DuplicateRows, K::DuplicateKeys, K::UnsortedTime],
        K::TruncatedFile => &[K::RowCountDrop, K::RaggedRows],
        K::DuplicateRows => &[K::DuplicateKeys, K::FrozenValues, K::NearDuplicateKeys, K::UnsortedTime],
        K::NearDuplicateKeys | K::ConflictingLabels => &[K::UnsortedTime],
        K::TrainTestOverlap => &[K::UnsortedTime],
        K::RaggedRows => &[K::MixedTypes, K::NullSurge, K::ShiftedColumns, K::TypeChange],
        K::ShiftedColumns => &[
            K::PrecisionLoss,
            K::TypeChange,
            K::OutOfRange,
            K::UnitChange,
            K::ScaleChange,
            K::ClippedValues,
            K::DistributionChange,
        ],
        K::DuplicateColumnName => &[K::ColumnAdded],
        K::MissingHeader => &[K::ColumnAdded, K::ColumnDropped, K::ColumnRenamed],
        _ => &[],
    }
}

/// Removes what other findings explain, and sorts: worst first, then surest.
pub fn settle(findings: &mut Vec<Finding>) {
    let causes: Vec<(FindingKind, Vec<String>)> = findings.iter().map(|f| (f.kind, f.columns.clone())).collect();
    findings.retain(|finding| {
        !causes.iter().any(|(cause, columns)| {
            let shared = finding.columns.iter().any(|name| columns.contains(name));
            *cause != finding.kind
                && (shared && explains(*cause).contains(&finding.kind)
                    || explains_table(*cause).contains(&finding.kind))
        })
    });
    findings.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then(b.confidence.total_cmp(&a.confidence))
            .then(a.kind.cmp(&b.kind))
            .then(a.columns.cmp(&b.columns))
    });
}
