//! Labels of sensitive data in a person's words.

/// What a column with this label holds, in the plural: `e-mail addresses`.
pub(crate) fn label_words(label: &str) -> String {
    match label {
        "name" => "names",
        "email" => "e-mail addresses",
        "phone" => "phone numbers",
        "address" => "addresses",
        "national_id" => "national identifiers",
        "passport" => "passport numbers",
        "driving_licence" => "driving licences",
        "tax_id" => "tax numbers",
        "ip_address" => "IP addresses",
        "mac_address" => "MAC addresses",
        "device_id" => "device identifiers",
        "vehicle" => "vehicle identifiers",
        "user_handle" => "user names",
        "iban" => "IBANs",
        "card" => "card numbers",
        "account" => "account numbers",
        "financial" => "financial figures",
        "health" => "health data",
        "religion" => "religion",
        "ethnicity" => "ethnicity",
        "politics" => "political views",
        "union" => "union membership",
        "sexuality" => "sexual orientation",
        "biometric" => "biometric data",
        "genetic" => "genetic data",
        "postcode" => "postcodes",
        "birth_date" => "birth dates",
        "age" => "ages",
        "gender" => "gender",
        "nationality" => "nationality",
        "marital_status" => "marital status",
        "occupation" => "occupations",
        "location" => "places",
        "secret" => "passwords or keys",
        "free_text" => "free text that names people",
        "pseudonym" => "pseudonyms",
        other => return other.replace('_', " "),
    }
    .to_owned()
}

/// Roles in a person's words: `owner, publisher`, or `none`.
pub(crate) fn role_words(roles: &std::collections::BTreeSet<proofmark_domain::person::Role>) -> String {
    let words: Vec<String> = roles.iter().map(|role| role.as_str().replace('_', " ")).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
