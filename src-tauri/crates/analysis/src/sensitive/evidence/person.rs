//! Traits of a person, among them the special categories.

use super::Scale;
use crate::sensitive::label::Label;
use crate::sensitive::sample::Kind;

pub(super) fn person(label: Label, s: &mut Scale<'_>) {
    let f = s.facts;
    let dictionary = |s: &mut Scale<'_>, share: f64, least: f64, alone: f64| {
        if share >= least && f.n >= 2 {
            s.add("dictionary", alone, format!("{share:.3} of distinct values"), "are words of this category");
        } else if s.hint > 0.0 && share >= 0.2 {
            s.add("dictionary", 1.5, format!("{share:.3} of distinct values"), "are words of this category");
        }
    };
    match label {
        Label::Gender => {
            let numbers = f.numeric >= 0.9;
            if s.hint > 0.0 && (f.gender.max(f.honorific) >= 0.7 || numbers && f.n <= 4) {
                s.form(1.5, f.gender, "are words or codes of sexes");
            }
            s.needs(
                // A code that was standardised keeps its few values; shares and means by group have many.
                f.n <= 80 && f.words < 3.0 && !(numbers && (f.n > 10 || (f.whole < 0.99 && f.n > 4))),
                6.0,
                "too many different values",
            );
            if s.hint > 0.0 && s.hint < 3.0 {
                dictionary(s, f.honorific.max(f.gender), 0.7, 4.5);
            }
            if s.hint <= 0.0 && f.both_sexes && f.gender >= 0.9 {
                if f.single_letters && f.n >= 2 {
                    s.form(1.0, f.gender, "are single letters for both sexes");
                    s.around(2.5, 2.0);
                    s.named_otherwise(4.0);
                } else {
                    s.form(5.5, f.gender, "are words for both sexes");
                }
            }
            if f.honorific >= 0.9 && f.n >= 2 && !f.single_letters {
                s.form(
                    if s.reading.stat || s.reading.known { 4.0 } else { 3.0 },
                    f.honorific,
                    "are forms of address, which tell the sex",
                );
                s.around(1.5, 2.0);
            }
            if s.around.creatures {
                s.against(8.0, "the table is about animals or plants");
            }
        }
        Label::Age => {
            if f.numeric >= 0.9 {
                let fits = f.range.0 >= 0.0 && f.range.1 <= 125.0;
                if s.hint > 0.0 && fits {
                    s.form(0.5, f.numeric, "lie between 0 and 125");
                }
                let person = s.around.rows == 1;
                s.needs(fits || person, 4.0, "values are no ages of people");
                s.needs(f.whole >= 0.5 || person, 3.5, "ages with fractions and no person in the table");
            } else {
                s.needs(f.n <= 150 && f.words < 5.0, 5.0, "values are no ages");
            }
            if s.hint > 0.0 {
                s.around(1.0, 3.0);
            }
            if s.hint > 0.0 && s.around.creatures {
                s.against(6.0, "the table is about animals or plants");
            }
        }
        Label::BirthDate => {
            let dated = f.dates >= 0.8 && f.timed < 0.2;
            let plausible = f.years.0 >= 1880 && f.years.1 <= s.around.year;
            if s.hint > 0.0 && dated && plausible {
                s.form(1.5, f.dates, "are dates on which living people can be born");
            }
            let year = f.numeric >= 0.9 && f.range.0 >= 1850.0 && f.range.1 <= f64::from(s.around.year);
            s.needs(
                f.dates >= 0.3 || year || f.kind == Kind::Text || f.numeric >= 0.9 && f.range.0 > 10_000.0,
                5.0,
                "values are no dates, years or places",
            );
            let span = f.years.1.saturating_sub(f.years.0);
            if s.hint <= 0.0
                && dated
                && plausible
                && !s.reading.known
                && (span >= 25 && f.years.1 <= s.around.year - 5 || span >= 60 && f.middle_year <= s.around.year - 20)
                && f.n >= 10
            {
                s.form(1.2, f.dates, "are days spread over decades and end years ago, as births do");
                s.around(2.6, 2.0);
            }
        }
        Label::Health => {
            if f.n >= 3 {
                s.steps(f.icd_dotted, &[(0.4, 4.5)], "have the form of ICD-10 codes with a point");
                if f.icd >= 0.8 && f.icd_dotted < 0.4 {
                    s.form(1.5, f.icd, "have the form of ICD-10 categories");
                    s.named_otherwise(3.0);
                }
                if f.atc >= 0.8 {
                    s.form(4.5, f.atc, "have the form of ATC codes");
                }
                if f.blood >= 0.8 {
                    s.form(6.0, f.blood, "are blood groups");
                }
            }
            dictionary(s, f.disease, 0.4, 5.0);
            if s.hint > 0.0 || f.n >= 4 {
                dictionary(s, f.medicine, 0.4, 4.5);
            }
            if s.hint > 0.0 {
                s.around(if s.hint < 3.0 { 0.5 } else { 1.0 }, 4.0);
            }
            if s.hint > 0.0 && f.icd < 0.5 && f.dates >= 0.8 {
                s.against(3.0, "values are dates");
            }
        }
        Label::Religion => dictionary(s, f.religion, 0.6, 5.5),
        Label::Ethnicity => {
            dictionary(s, f.ethnicity, 0.6, if f.n >= 3 { 4.5 } else { 1.0 });
            s.named_otherwise(2.5);
            s.needs(f.n <= 400 && !(f.numeric >= 0.9 && f.n > 30), 6.0, "too many different values");
        }
        Label::Politics => {
            dictionary(s, f.politics, 0.6, if f.n >= 3 { 4.5 } else { 2.0 });
            s.named_otherwise(3.0);
        }
        Label::Sexuality => dictionary(s, f.sexuality, 0.5, 5.5),
        Label::Union => {
            dictionary(s, f.union, 0.6, if f.n >= 4 { 4.0 } else { 1.0 });
            s.named_otherwise(3.0);
        }
        Label::MaritalStatus => dictionary(s, f.marital, 0.6, if f.n >= 3 { 5.0 } else { 2.0 }),
        Label::Occupation => {
            dictionary(s, f.job, 0.5, if s.hint > 0.0 { 1.5 } else { 2.0 });
            if s.hint <= 0.0 && f.job >= 0.5 {
                s.around(2.5, 2.0);
                s.named_otherwise(4.0);
            }
            if s.hint > 0.0 && s.hint < 3.0 {
                s.around(2.5, 2.0);
            }
            s.needs(!(f.numeric >= 0.9 && (f.n > 60 || s.hint < 3.0)) && f.words < 8.0, 5.0, "values are no jobs");
        }
        Label::Biometric | Label::Genetic => s.needs(!f.flag, 6.0, "only yes and no"),
        Label::Nationality => s.needs(f.numeric < 0.9 || f.n < 300, 5.0, "values are no nations"),
        _ => {}
    }
    if s.hint > 0.0
        && matches!(label.group(), proofmark_domain::sensitive::SensitiveGroup::Special)
        && label != Label::Health
    {
        s.around(0.5, 2.0);
    }
}
