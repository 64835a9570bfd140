use super::*;

fn run(name: &str, text: &str) -> Option<bool> {
    SCHEMES.iter().find(|s| s.name == name).and_then(|s| (s.check)(text))
}

/// Examples from public documentation of each scheme, or computed by hand from its rule; none belongs to a known person.
const VALID: &[(&str, &str)] = &[
    ("US SSN", "219-09-9998"),
    ("GB NINO", "AB123456C"),
    ("GB NHS number", "943 476 5919"),
    ("DE Steuer-ID", "86095742719"),
    ("DE Rentenversicherungsnummer", "15070649C103"),
    ("FR NIR", "255081416802538"),
    ("ES DNI", "12345678Z"),
    ("ES NIE", "X1234567L"),
    ("IT codice fiscale", "RSSMRA85T10A562S"),
    ("NL BSN", "111222333"),
    ("BE rijksregisternummer", "85.07.30-033.28"),
    ("PL PESEL", "44051401359"),
    ("PL NIP", "123-456-32-18"),
    ("SE personnummer", "811228-9874"),
    ("DK CPR", "070761-4285"),
    ("FI HETU", "131052-308T"),
    ("CZ/SK rodné číslo", "736028/5163"),
    ("CH AHV", "756.9217.0769.85"),
    ("AT SVNR", "1237 010180"),
    ("PT NIF", "123456789"),
    ("IE PPS", "1234567FA"),
    ("BG EGN", "7523169263"),
    ("HR OIB", "94577403194"),
    ("EE/LT isikukood", "37605030299"),
    ("GR AMKA", "01013099997"),
    ("IS kennitala", "120174-3399"),
    ("TR TCKN", "10000000146"),
    ("RU SNILS", "112-233-445 95"),
    ("RU INN", "500100732259"),
    ("BR CPF", "529.982.247-25"),
    ("BR CNPJ", "11.222.333/0001-81"),
    ("CN resident identity number", "11010519491231002X"),
    ("TW national identification", "A123456789"),
    ("SG NRIC", "S1234567D"),
    ("ZA ID number", "8001015009087"),
    ("AU TFN", "123456782"),
    ("CA SIN", "046 454 286"),
    ("CL RUT", "12.345.678-5"),
    ("AR CUIT/CUIL", "20-12345678-6"),
    ("MX CURP", "BOXW310820HNERXN09"),
];

#[test]
fn public_examples_pass() {
    for (name, text) in VALID {
        assert_eq!(run(name, text), Some(true), "{name} {text}");
    }
}

#[test]
fn a_changed_check_digit_fails() {
    // Schemes whose rule is a date or an alphabet have no check digit to change, or it is not the last.
    let weak = ["US SSN", "GB NINO", "DK CPR", "IS kennitala"];
    for (name, text) in VALID.iter().filter(|(name, _)| !weak.contains(name)) {
        let Some(i) = text.rfind(|c: char| c.is_ascii_digit()) else { continue };
        let digit = u32::from(text.as_bytes()[i] - b'0');
        let changed = format!("{}{}{}", &text[..i], (digit + 1) % 10, &text[i + 1..]);
        assert_ne!(run(name, &changed), Some(true), "{name} {changed}");
    }
    assert_eq!(run("US SSN", "000-12-3456"), Some(false));
    assert_eq!(run("US SSN", "666-12-3456"), Some(false));
}

#[test]
fn no_scheme_panics_on_odd_text() {
    for text in [
        "",
        "-",
        "é1234567Z",
        "日本日本日本",
        "9999999999999999999999999",
        "\u{0}",
        "AAAAAAAAAAAAAAAA",
        "００００００００００",
    ] {
        for scheme in SCHEMES {
            let _ = (scheme.check)(text);
        }
    }
}

/// The stated chance level is at or above what random digits in the same form reach, so that evidence is not overstated.
#[test]
fn chance_levels_hold_on_random_numbers() {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as u32
    };
    for (name, example) in VALID {
        let Some(scheme) = SCHEMES.iter().find(|s| s.name == *name) else { panic!("{name}") };
        let (mut formed, mut passed) = (0u32, 0u32);
        for _ in 0..20_000 {
            let text: String = example
                .chars()
                .map(|c| match c {
                    '0'..='9' => char::from(b'0' + (next() % 10) as u8),
                    'A'..='Z' => char::from(b'A' + (next() % 26) as u8),
                    other => other,
                })
                .collect();
            if let Some(pass) = (scheme.check)(&text) {
                formed += 1;
                passed += u32::from(pass);
            }
        }
        if formed < 500 {
            continue;
        }
        let rate = f64::from(passed) / f64::from(formed);
        assert!(rate <= scheme.chance * 1.25 + 0.01, "{name}: {rate} of random numbers pass, stated {}", scheme.chance);
    }
}
