//! Which column a model is meant to predict, where nobody said.

use super::view::{Data, View, ViewColumn};

/// Names that people give to what is predicted, the plainest first. Only a name tells; a column's place or values do not.
const NAMES: [&str; 46] = [
    "target",
    "label",
    "labels",
    "y",
    "y_true",
    "ground_truth",
    "outcome",
    "response",
    "churn",
    "churned",
    "exited",
    "attrition",
    "left_company",
    "fraud",
    "is_fraud",
    "fraudulent",
    "default",
    "defaulted",
    "is_default",
    "loan_status",
    "bad_loan",
    "survived",
    "approved",
    "converted",
    "conversion",
    "clicked",
    "click",
    "purchased",
    "subscribed",
    "readmitted",
    "diagnosis",
    "disease",
    "has_disease",
    "malignant",
    "spam",
    "is_spam",
    "class",
    "class_label",
    "species",
    "variety",
    "cultivar",
    "sentiment_label",
    "accepted",
    "cancelled",
    "is_canceled",
    "failure",
];

/// The column that is most likely predicted, by its name; `None` if no name says so.
pub fn likely(view: &View) -> Option<&ViewColumn> {
    let plain = |name: &str| name.trim().to_lowercase().replace([' ', '-', '.'], "_");
    let named = NAMES.iter().find_map(|wanted| view.columns.iter().find(|column| plain(&column.name) == *wanted));
    named
        .or_else(|| {
            let marked = |name: &str| plain(name).split('_').any(|word| matches!(word, "target" | "label"));
            view.columns.iter().find(|column| marked(&column.name))
        })
        .filter(|column| can_be_predicted(column))
}

/// Two values at least, and not a moment.
fn can_be_predicted(column: &ViewColumn) -> bool {
    !matches!(column.data, Data::Times { .. }) && column.spread().distinct >= 2
}
