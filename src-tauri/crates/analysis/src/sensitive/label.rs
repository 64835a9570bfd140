//! The labels: what a column can turn out to hold, and to which family each belongs.

use proofmark_domain::sensitive::SensitiveGroup;

macro_rules! labels {
    ($($variant:ident $text:literal $group:ident $doc:literal;)*) => {
        /// A kind of sensitive data.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Label {
            $(#[doc = $doc] $variant,)*
        }

        impl Label {
            /// Every label, in the order of the documentation.
            pub const ALL: &'static [Label] = &[$(Label::$variant,)*];

            /// The word used in reports, rules and decisions.
            pub fn as_str(self) -> &'static str {
                match self { $(Label::$variant => $text,)* }
            }

            /// Its family.
            pub fn group(self) -> SensitiveGroup {
                match self { $(Label::$variant => SensitiveGroup::$group,)* }
            }

            /// One sentence for people.
            pub fn description(self) -> &'static str {
                match self { $(Label::$variant => $doc,)* }
            }

            /// The label with this word.
            pub fn parse(text: &str) -> Option<Label> {
                match text { $($text => Some(Label::$variant),)* _ => None }
            }
        }
    };
}

labels! {
    Name "name" Direct "Name of a person, whole or in part.";
    Email "email" Direct "E-mail address.";
    Phone "phone" Direct "Telephone, mobile or fax number.";
    Address "address" Direct "Postal address or street with house number.";
    NationalId "national_id" Direct "Number that a state gives to a person: social security, identity card, civil register.";
    Passport "passport" Direct "Passport or visa number.";
    DrivingLicence "driving_licence" Direct "Driving licence number.";
    TaxId "tax_id" Direct "Tax number of a person or a one-person business.";
    Ip "ip_address" Direct "IPv4 or IPv6 address.";
    Mac "mac_address" Direct "Hardware address of a network card.";
    Device "device_id" Direct "Identifier of a device: IMEI, advertising identifier, serial number of a phone.";
    Vehicle "vehicle" Direct "Vehicle identification number or licence plate.";
    UserHandle "user_handle" Direct "Login or screen name.";
    Iban "iban" Direct "International bank account number.";
    Card "card" Direct "Payment card number, its expiry or security code.";
    Account "account" Direct "Bank account or routing number, wallet address.";
    Financial "financial" Financial "Income, wealth, debt or creditworthiness of a person.";
    Health "health" Special "Illness, treatment, medicine or measurements of a patient.";
    Religion "religion" Special "Religion or belief.";
    Ethnicity "ethnicity" Special "Racial or ethnic origin.";
    Politics "politics" Special "Political opinion or party.";
    Union "union" Special "Trade-union membership.";
    Sexuality "sexuality" Special "Sexual orientation or sex life.";
    Biometric "biometric" Special "Biometric data: fingerprint, face, iris, voice.";
    Genetic "genetic" Special "Genetic data of a person.";
    Location "location" Location "Where a person is or lives: coordinates, city, region, country.";
    Postcode "postcode" Quasi "Postal code.";
    BirthDate "birth_date" Quasi "Date, year or place of birth.";
    Age "age" Quasi "Age of a person.";
    Gender "gender" Quasi "Sex or gender of a person.";
    Nationality "nationality" Quasi "Nationality or citizenship.";
    MaritalStatus "marital_status" Quasi "Marital status.";
    Occupation "occupation" Quasi "Job or profession.";
    Secret "secret" Secret "Password, key, token or another credential.";
    FreeText "free_text" Text "Free text that contains personal data.";
    Pseudonym "pseudonym" Pseudonym "Stand-in for an identifier: customer number, hash, token.";
}

/// What a label means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelInfo {
    /// The word used in reports, rules and decisions.
    pub label: &'static str,
    /// Its family.
    pub group: SensitiveGroup,
    /// One sentence for people.
    pub description: &'static str,
}

/// Every label with its meaning, for documentation, pickers and rule editors.
pub fn all_labels() -> Vec<LabelInfo> {
    Label::ALL
        .iter()
        .map(|label| LabelInfo { label: label.as_str(), group: label.group(), description: label.description() })
        .collect()
}

/// The family of a label; `None` if the word is not a label of this version.
pub fn label_group(label: &str) -> Option<SensitiveGroup> {
    Label::parse(label).map(Label::group)
}
