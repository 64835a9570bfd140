//! The dictionaries of values: names of people and places, and the words of special categories.

use super::fold::fold;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

static GIVEN: LazyLock<HashSet<&'static str>> = LazyLock::new(|| list(include_str!("data/given_names.txt")));
static FAMILY: LazyLock<HashSet<&'static str>> = LazyLock::new(|| list(include_str!("data/family_names.txt")));
static KINDS: LazyLock<HashMap<&'static str, HashSet<String>>> = LazyLock::new(|| {
    include_str!("data/value_words.txt")
        .lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split_once(": "))
        .map(|(kind, words)| (kind, words.split(", ").map(|w| fold(w.trim())).collect()))
        .collect()
});

static CITIES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| phrases(include_str!("data/cities.txt")));
static JOBS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| phrases(include_str!("data/jobs.txt")));

fn phrases(text: &'static str) -> HashSet<&'static str> {
    text.lines().filter(|l| !l.starts_with('#')).flat_map(|l| l.split('|')).collect()
}

/// Whether a folded phrase is a known city, or has the parts that names of towns are made of.
pub fn city(phrase: &str) -> bool {
    const ENDINGS: &[&str] =
        &["ville", "town", "burgh", "bury", "chester", "mouth", "shire", "borough", "stadt", "furt", "haven", "stead"];
    const BEGINNINGS: &[&str] = &["north", "south", "east", "west", "new", "port", "lake", "saint", "san", "santa"];
    if CITIES.contains(phrase) || is("city", phrase) {
        return true;
    }
    let mut words = phrase.split(' ');
    let (first, last) = (words.next().unwrap_or(""), words.next_back());
    let ends = |w: &str| w.len() >= 7 && ENDINGS.iter().any(|e| w.ends_with(e));
    ends(last.unwrap_or(first)) || last.is_some_and(|w| BEGINNINGS.contains(&first) && (ends(w) || surname_like(w)))
}

fn surname_like(word: &str) -> bool {
    GIVEN.contains(word) || FAMILY.contains(word)
}

/// Whether a folded phrase is a known job, or holds a word of jobs.
pub fn job(phrase: &str) -> bool {
    JOBS.contains(phrase) || phrase.split(' ').any(|w| is("job", w) || w.chars().count() > 3 && JOBS.contains(w))
}

/// Whether a text is a login made from a name, such as `jmueller`, `anna.schmidt` or `kevin92`.
pub fn login(text: &str) -> bool {
    let length = text.len();
    let body = text.trim_end_matches(|c: char| c.is_ascii_digit());
    if !(4..=30).contains(&length)
        || !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
        || body.len() < 4
        || text.len() - body.len() > 4
    {
        return false;
    }
    let parts: Vec<&str> = body.split(['.', '_', '-']).filter(|p| !p.is_empty()).collect();
    let known = |w: &str| w.len() >= 3 && surname_like(w);
    match parts[..] {
        [one] => {
            // the name alone is a name; with an initial, a number or a second name it is a login
            let joined = (3..one.len().saturating_sub(2))
                .any(|at| one.split_at_checked(at).is_some_and(|(a, b)| known(a) && b.len() >= 3 && known(b)));
            let initial = one.get(1..).is_some_and(|w| w.len() >= 4 && known(w))
                || one.get(..one.len() - 1).is_some_and(|w| w.len() >= 4 && known(w));
            joined || initial || known(one) && text.len() > one.len()
        }
        [a, b] => known(a) && (known(b) || b.len() == 1) || a.len() == 1 && known(b),
        _ => false,
    }
}

fn list(text: &'static str) -> HashSet<&'static str> {
    text.lines().filter(|l| !l.starts_with('#')).flat_map(str::split_whitespace).collect()
}

/// Whether a folded phrase is in the dictionary of this kind.
pub fn is(kind: &str, phrase: &str) -> bool {
    KINDS.get(kind).is_some_and(|words| words.contains(phrase))
}

/// Letters and digits of a value, folded, other characters as single spaces.
pub fn normal(text: &str) -> String {
    let folded = fold(text);
    let mut out = String::with_capacity(folded.len());
    for c in folded.chars() {
        if c.is_alphanumeric() || (c as u32) >= 0x300 {
            out.push(c);
        } else if !out.ends_with(' ') && !out.is_empty() {
            out.push(' ');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

const CHINESE: &str = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文莫桂甘向張劉陳楊趙黃吳孫馬羅鄭謝韓馮許鄧蕭葉蘇盧蔣賈閻鍾譚鄒陸錢湯龔賴顧萬";
const JAPANESE: &str = "佐藤 鈴木 高橋 田中 伊藤 渡辺 渡邊 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 斎藤 斉藤 清水 山崎 阿部 池田 橋本 山下 石川 中島 前田 藤田 小川 後藤 岡田 長谷川 村上 近藤 石井 坂本 遠藤 青木 藤井 西村 福田 太田 三浦 藤原 岡本 松田 中川 中野 原田 小野 田村 竹内 金子 和田 中山 石田 上田 森田 原 柴田 酒井 工藤 横山 宮崎 宮本 内田 高木 谷口 安藤 丸山 今井 大野 高田 菅原 河野 武田 藤本 上野 杉山 千葉 村田 増田 小島 桜井 大塚 平野 久保 松井 岩崎 木下 松尾 野口 菊地 野村 新井 渡部 若松 喜嶋 笹田 廣川 宇野 加納 佐野 吉本 大垣 小泉 山岸 工藤 村山 杉山 桐山 江古田 津田 浜田 津村 渚 田辺 石田 西之園 近藤 野村 鈴木 青田 高橋 黒川 井高 伊藤 三宅 中津川 原田 斉藤 林 森 東 岸";
const KOREAN: &str = "김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구민진지엄채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국어은편용";

static JAPANESE_LIST: LazyLock<HashSet<&'static str>> = LazyLock::new(|| JAPANESE.split(' ').collect());

/// How a text looks as a name of a person.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct NameLook {
    /// Letters only, one to six words.
    pub shaped: bool,
    /// A word is a known given name or family name, or has a family-name ending.
    pub known: bool,
    /// Two words or more, one of them a known given name or title.
    pub full: bool,
}

/// Judges one value.
pub fn name_look(text: &str) -> NameLook {
    let text = text.trim();
    let length = text.chars().count();
    if !(1..=60).contains(&length) || text.chars().any(|c| c.is_numeric() || "@/_\\:;#$%&+=<>{}[]|?!".contains(c)) {
        return NameLook::default();
    }
    // a point inside a word stands in names of hosts and files; `J. Smith` and `Dr.` have a space or nothing after it
    let pointed =
        text.as_bytes().windows(3).any(|w| w[1] == b'.' && w[0].is_ascii_lowercase() && w[2].is_ascii_lowercase());
    if pointed || text.contains(['«', '»', '„', '“', '"']) {
        return NameLook::default();
    }
    let lead = text.chars().next().unwrap_or(' ');
    if matches!(lead as u32, 0x3040..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7af) {
        return east_asian(text, lead);
    }
    if length < 2 {
        return NameLook::default();
    }
    let folded = normal(&text.replace(['\'', '’'], ""));
    let words: Vec<&str> = folded.split(' ').filter(|w| !w.is_empty()).collect();
    if words.is_empty() || words.len() > 6 {
        return NameLook::default();
    }
    let bare_of = |w: &&str| w.strip_prefix("ال").map(str::to_string).unwrap_or_else(|| (*w).to_string());
    let given =
        words.iter().any(|w| w.chars().count() > 1 && (GIVEN.contains(w) || GIVEN.contains(bare_of(w).as_str())));
    let family = words.iter().any(|w| FAMILY.contains(w) || family_ending(w) || FAMILY.contains(bare_of(w).as_str()));
    let titled = words.len() > 1 && words.first().is_some_and(|w| is("honorific", w));
    // in scripts with case each word of a name starts with a capital, but for particles
    let cased = text.chars().any(|c| c.is_uppercase());
    let bare = text.chars().all(|c| !c.is_lowercase() && !c.is_uppercase());
    NameLook {
        shaped: true,
        known: given || family || titled,
        full: words.len() > 1 && (given || titled) && (cased || bare),
    }
}

fn east_asian(text: &str, lead: char) -> NameLook {
    let compact: Vec<char> = text.chars().filter(|c| !c.is_whitespace() && *c != '　').collect();
    if !(1..=6).contains(&compact.len()) {
        return NameLook::default();
    }
    // signs of streets and districts, which no name has
    if compact.iter().any(|c| "街路市区區县縣町村省州号號座楼樓都府".contains(*c)) && compact.len() > 2
    {
        return NameLook::default();
    }
    let whole: String = compact.iter().collect();
    if GIVEN.contains(whole.as_str()) || FAMILY.contains(whole.as_str()) {
        return NameLook { shaped: true, known: true, full: false };
    }
    let starts = |n: usize| compact.get(..n).map(|p| p.iter().collect::<String>());
    let japanese = (1..=3).rev().any(|n| starts(n).is_some_and(|s| JAPANESE_LIST.contains(s.as_str())));
    let hangul = (0xac00..=0xd7af).contains(&(lead as u32));
    let known = if hangul {
        compact.len() <= 4 && KOREAN.contains(lead)
    } else {
        japanese || (compact.len() <= 4 && CHINESE.contains(lead))
    };
    // a single family name or a title of the same length looks alike, so the full look needs two parts
    NameLook { shaped: true, known, full: known && compact.len() >= 3 }
}

/// Endings that hardly any other words have.
fn family_ending(word: &str) -> bool {
    const LATIN: &[&str] = &[
        "sson", "ovic", "evic", "escu", "opoulos", "idis", "akis", "shvili", "oglu", "enko", "chuk", "czyk", "wicz",
        "owski", "ewski", "inski", "owska", "ewska", "inska", "ovsky", "evsky", "inen", "ovich", "evich", "ovna",
        "evna", "dottir", "adze", "idze", "ashvili", "iadis", "quist", "qvist", "strom", "gren", "sdotter", "ova",
        "ieva", "yan", "ow icz",
    ];
    const OTHER: &[&str] = &[
        "ов",
        "ова",
        "ев",
        "ева",
        "ин",
        "ина",
        "ский",
        "ская",
        "енко",
        "чук",
        "ович",
        "евич",
        "овна",
        "евна",
        "ко",
        "ць",
        "юк",
        "ук",
        "ська",
        "ський",
        "чак",
        "ишин",
        "οπουλοσ",
        "ιδησ",
        "ακησ",
        "οπουλου",
        "ιδου",
        "ακη",
        "ιου",
        "оглу",
        "იძე",
        "აძე",
        "შვილი",
        "յան",
    ];
    let length = word.chars().count();
    length >= 6 && LATIN.iter().any(|e| word.ends_with(e))
        || length >= 5 && !word.is_ascii() && OTHER.iter().any(|e| word.ends_with(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_look_like_people_in_many_scripts() {
        for name in [
            "Anna Schmidt",
            "O'Connor, Liam",
            "María José García",
            "Иванов Сергей Петрович",
            "王小明",
            "佐藤 花子",
            "김민준",
            "Dr. Emil Nielsen",
        ] {
            assert!(name_look(name).known && name_look(name).full, "{name}");
        }
        for thing in ["MacBook Pro 14", "HD 10180", "a/b", "widget", "Quantum Flux Capacitor"] {
            assert!(!name_look(thing).full, "{thing}");
        }
        assert!(is("gender_female", "weiblich") && is("religion", "katholisch") && !is("religion", "steel"));
    }
}
