//! What a model's predictions on labelled rows are measured by, alone and beside another model's.

use serde::{Deserialize, Serialize};

/// A metric of predictions on labelled rows, under the name that scikit-learn's scorers give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum EvaluationMetric {
    /// Share of rows whose class was predicted, 0..1.
    Accuracy,
    /// Area under the ROC curve of two classes, 0..1.
    #[serde(alias = "auc")]
    RocAuc,
    /// F1 of the positive class; the mean over all classes if there are more than two. 0..1.
    F1,
    /// Precision of the positive class, 0..1.
    Precision,
    /// Recall of the positive class, 0..1.
    Recall,
    /// Mean of the recalls of all classes, 0..1.
    BalancedAccuracy,
    /// Mean negative log likelihood of the score, 0 or more; less is better.
    LogLoss,
    /// Mean squared difference of score and outcome, 0..1; less is better.
    Brier,
    /// Mean absolute error of a number; less is better.
    Mae,
    /// Root of the mean squared error of a number; less is better.
    Rmse,
    /// Coefficient of determination of a number, at most 1.
    R2,
}

impl EvaluationMetric {
    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::RocAuc => "roc_auc",
            Self::F1 => "f1",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::BalancedAccuracy => "balanced_accuracy",
            Self::LogLoss => "log_loss",
            Self::Brier => "brier",
            Self::Mae => "mae",
            Self::Rmse => "rmse",
            Self::R2 => "r2",
        }
    }

    /// Whether a greater value is a better one.
    pub const fn more_is_better(self) -> bool {
        !matches!(self, Self::LogLoss | Self::Brier | Self::Mae | Self::Rmse)
    }

    /// The test that suits it where a gate names none.
    pub const fn usual_test(self) -> PairedTest {
        match self {
            Self::Accuracy => PairedTest::Mcnemar,
            Self::RocAuc => PairedTest::Delong,
            _ => PairedTest::Bootstrap,
        }
    }
}

/// A significance test for two models on the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum PairedTest {
    /// McNemar's exact test of the rows on which one of them is right: for accuracy.
    Mcnemar,
    /// The test of DeLong, DeLong and Clarke-Pearson for correlated areas: for `roc_auc`.
    Delong,
    /// Rows drawn with replacement, the same for both: for every metric.
    Bootstrap,
}

impl PairedTest {
    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mcnemar => "mcnemar",
            Self::Delong => "delong",
            Self::Bootstrap => "bootstrap",
        }
    }

    /// Whether it can test this metric.
    pub const fn suits(self, metric: EvaluationMetric) -> bool {
        match self {
            Self::Mcnemar => matches!(metric, EvaluationMetric::Accuracy),
            Self::Delong => matches!(metric, EvaluationMetric::RocAuc),
            Self::Bootstrap => true,
        }
    }
}

/// A value with how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The value.
    pub value: f64,
    /// Its interval at the level asked for.
    pub interval: (f64, f64),
    /// Rows that it was measured on.
    pub rows: u64,
}

/// Two models on the same rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    /// The first one's metric.
    pub first: f64,
    /// The second one's.
    pub second: f64,
    /// First minus second, turned so that more is better, with its interval.
    pub better_by: Measured,
    /// The test.
    pub test: PairedTest,
    /// Two-sided p-value of "there is no difference", in 0..1.
    pub p_value: f64,
}
