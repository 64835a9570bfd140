//! Finds anything by what people remember of it.

mod corpus;

use proofmark_contract::view::*;

use crate::Engine;
use crate::trouble::Answer;

pub(crate) use corpus::Shelf;

/// Hits that are ranked. Where more things fit, the text says too little to rank them by.
const MOST_RANKED: usize = 2_000;

impl Engine {
    /// Projects, files, columns, runs, parameters, digests, people and released versions that hold every typed word.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn search(&self, request: Search) -> Answer<SearchHits> {
        let typed = request.text.trim().to_lowercase();
        let typed = typed.strip_prefix("sha256:").unwrap_or(&typed).to_owned();
        let limit = request.limit.unwrap_or(30) as usize;
        if typed.is_empty() {
            return Ok(SearchHits { hits: Vec::new() });
        }
        let mut hits: Vec<SearchHit> = Vec::new();
        self.search_registry(&typed, &mut hits);
        let corpus = self.corpus()?;
        hits.extend(corpus.find(&typed, MOST_RANKED));
        let words: Vec<&str> = typed.split_whitespace().collect();
        // A stable sort: among equals, the order of the corpus stands, which is that of what people look for.
        hits.sort_by_key(|hit| rank(hit, &typed, &words));
        hits.truncate(limit);
        Ok(SearchHits { hits })
    }

    fn search_registry(&self, text: &str, hits: &mut Vec<SearchHit>) {
        let Some((_, state)) = self.registry_state() else { return };
        for record in state.candidates.values() {
            let fits = record.model.as_str().contains(text)
                || record.submitter_name.to_lowercase().contains(text)
                || record.note.to_lowercase().contains(text);
            if !fits {
                continue;
            }
            let (kind, label) = match record.version {
                Some(version) => ("version", format!("{} version {version}", record.model)),
                None => ("candidate", record.model.to_string()),
            };
            hits.push(SearchHit {
                kind: kind.into(),
                label,
                detail: format!("submitted by {}", record.submitter_name),
                address: format!("/releases/{}", record.id),
            });
        }
    }
}

/// The name itself, its beginning, the last part of a path, a part of the name, anything else.
fn rank(hit: &SearchHit, typed: &str, words: &[&str]) -> u8 {
    let label = hit.label.to_lowercase();
    let name = label.rsplit('/').next().unwrap_or(&label);
    if label == typed || name == typed {
        0
    } else if name.starts_with(typed) {
        1
    } else if name.contains(typed) {
        2
    } else if words.iter().all(|word| label.contains(word)) {
        3
    } else {
        4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_comes_first() {
        let hit = |label: &str| SearchHit {
            kind: String::new(),
            label: label.into(),
            detail: String::new(),
            address: String::new(),
        };
        let mut hits = [hit("data/income.csv"), hit("income"), hit("runs/old"), hit("incomes.csv"), hit("net_income")];
        hits.sort_by_key(|it| rank(it, "income", &["income"]));
        let labels: Vec<&str> = hits.iter().map(|it| it.label.as_str()).collect();
        assert_eq!(labels, ["income", "data/income.csv", "incomes.csv", "net_income", "runs/old"]);
    }
}
