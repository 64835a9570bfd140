//! Lineage as a drawing: SVG that needs nothing else, with plain colours and the same shapes as the window's.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use proofmark_domain::Basis;
use proofmark_domain::lineage::{Edge, Node, NodeId, NodeKind};

use super::Story;
use super::layers::layers;
use crate::text::{clean, escape, width};

const CARD: (f64, f64) = (210.0, 40.0);
const GAP: (f64, f64) = (90.0, 16.0);
const MARGIN: f64 = 24.0;
/// Room for the legend below the graph.
const LEGEND: f64 = 40.0;

/// The drawing, with a title and a description for those who do not see it.
pub fn svg(story: &Story) -> String {
    let places = layers(&story.graph);
    let columns = places.iter().map(|(layer, _)| layer + 1).max().unwrap_or(0);
    let mut heights: BTreeMap<usize, usize> = BTreeMap::new();
    for (layer, _) in &places {
        *heights.entry(*layer).or_default() += 1;
    }
    let tallest = heights.values().copied().max().unwrap_or(0);
    let w = (MARGIN * 2.0 + columns as f64 * (CARD.0 + GAP.0) - GAP.0).max(420.0);
    let h = MARGIN * 2.0 + (tallest as f64 * (CARD.1 + GAP.1) - GAP.1).max(CARD.1) + LEGEND;
    let at: Vec<(f64, f64)> = places
        .iter()
        .map(|(layer, place)| {
            // A short layer stands in the middle of the tallest.
            let own = heights.get(layer).copied().unwrap_or(1) as f64;
            let top = MARGIN + (tallest as f64 - own) * (CARD.1 + GAP.1) / 2.0;
            (MARGIN + *layer as f64 * (CARD.0 + GAP.0), top + *place as f64 * (CARD.1 + GAP.1))
        })
        .collect();
    let by_id: HashMap<&NodeId, usize> =
        story.graph.nodes.iter().enumerate().map(|(at, node)| (&node.id, at)).collect();
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w:.0}\" height=\"{h:.0}\" viewBox=\"0 0 {w:.0} {h:.0}\" \
         font-family=\"Inter, 'DejaVu Sans', 'Liberation Sans', Arial, sans-serif\" role=\"img\"><title>{}</title><desc>{}</desc>\
         <rect width=\"{w:.0}\" height=\"{h:.0}\" fill=\"#ffffff\"/>\n",
        escape(&format!("Lineage of {}", clean(&story.project))),
        escape(&format!("{} things and {} edges between them.", story.graph.nodes.len(), story.graph.edges.len())),
    );
    for edge in &story.graph.edges {
        if let (Some(from), Some(to)) = (by_id.get(&edge.from), by_id.get(&edge.to)) {
            line(&mut out, edge, at[*from], at[*to]);
        }
    }
    for (node, place) in story.graph.nodes.iter().zip(&at) {
        card(&mut out, node, *place);
    }
    legend(&mut out, h);
    out.push_str("</svg>\n");
    out
}

fn line(out: &mut String, edge: &Edge, from: (f64, f64), to: (f64, f64)) {
    let (x1, y1) = (from.0 + CARD.0, from.1 + CARD.1 / 2.0);
    let (x2, y2) = (to.0, to.1 + CARD.1 / 2.0);
    let bend = ((x2 - x1) / 2.0).abs().max(30.0);
    let path = format!("M{x1:.1} {y1:.1} C{:.1} {y1:.1} {:.1} {y2:.1} {x2:.1} {y2:.1}", x1 + bend, x2 - bend);
    stroke(out, edge.basis, &path, &format!("{} · {}", edge.basis.word(), edge.evidence));
    let (mx, my) = ((x1 + x2) / 2.0, (y1 + y2) / 2.0);
    if edge.basis == Basis::Observed {
        let _ = write!(out, "<circle cx=\"{mx:.1}\" cy=\"{my:.1}\" r=\"2.6\" fill=\"#6e675d\"/>");
    }
    if edge.confidence.get() < 1.0 {
        let _ = write!(
            out,
            "<text x=\"{mx:.1}\" y=\"{:.1}\" font-size=\"9.5\" text-anchor=\"middle\" fill=\"#57514a\" stroke=\"#ffffff\" stroke-width=\"3\" paint-order=\"stroke\">{:.0} %</text>",
            my + 3.0,
            edge.confidence.get() * 100.0
        );
    }
    let _ = writeln!(
        out,
        "<path d=\"M{:.1} {:.1} L{x2:.1} {y2:.1} L{:.1} {:.1}\" fill=\"none\" stroke=\"#6e675d\" stroke-width=\"1.2\"/>",
        x2 - 6.0,
        y2 - 3.5,
        x2 - 6.0,
        y2 + 3.5
    );
}

/// Declared solid, observed solid with a dot, matched double, inferred dashed.
fn stroke(out: &mut String, basis: Basis, path: &str, title: &str) {
    let title = escape(&clean(title));
    let pen = |colour: &str, thick: f64, dash: &str| {
        format!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{thick}\"{dash}><title>{title}</title></path>"
        )
    };
    match basis {
        Basis::Inferred => out.push_str(&pen("#6e675d", 1.2, " stroke-dasharray=\"5 4\"")),
        Basis::Matched => {
            out.push_str(&pen("#6e675d", 3.6, ""));
            out.push_str(&pen("#ffffff", 1.4, ""));
        }
        Basis::Declared | Basis::Observed => out.push_str(&pen("#6e675d", 1.2, "")),
    }
}

fn card(out: &mut String, node: &Node, (x, y): (f64, f64)) {
    let (fill, radius) = match node.kind {
        NodeKind::Run => ("#f1ede6", CARD.1 / 2.0),
        NodeKind::Model => ("#f7edd9", 6.0),
        NodeKind::Dataset | NodeKind::PredictionLog => ("#e9f0f4", 6.0),
        _ => ("#ffffff", 6.0),
    };
    let dash = if node.present { "" } else { " stroke-dasharray=\"4 3\"" };
    let full = match &node.digest {
        Some(digest) => format!("{} · {digest}", node.label),
        None => node.label.clone(),
    };
    let (folder, name) = match (node.kind, node.label.rsplit_once('/')) {
        (NodeKind::Run, _) | (_, None) => ("", node.label.as_str()),
        (_, Some((folder, name))) => (folder, name),
    };
    let word = serde_json::to_value(node.kind).ok().and_then(|it| it.as_str().map(|it| it.replace('_', " ")));
    let kind = word.unwrap_or_default();
    let detail = if folder.is_empty() { kind } else { format!("{kind} · {folder}") };
    let _ = writeln!(
        out,
        "<g><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{}\" height=\"{}\" rx=\"{radius}\" fill=\"{fill}\" stroke=\"#8a8278\"{dash}/>\
         <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"12\" font-weight=\"600\" fill=\"#26221d\">{}</text>\
         <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"10\" fill=\"#57514a\">{}</text>{}</g>",
        escape(&clean(&full)),
        CARD.0,
        CARD.1,
        x + 12.0,
        y + 17.0,
        escape(&fitted(name, CARD.0 - 32.0, 12.0)),
        x + 12.0,
        y + 31.0,
        escape(&fitted(&detail, CARD.0 - 24.0, 10.0)),
        if node.labels.is_empty() {
            String::new()
        } else {
            let (cx, cy) = (x + CARD.0 - 12.0, y + 13.0);
            format!(
                "<path d=\"M{cx:.1} {:.1} l5 5 l-5 5 l-5 -5 z\" fill=\"#b4531f\"><title>sensitive data</title></path>",
                cy - 5.0
            )
        },
    );
}

fn legend(out: &mut String, height: f64) {
    let y = height - MARGIN;
    let mut x = MARGIN;
    for (basis, word) in [
        (Basis::Declared, "declared"),
        (Basis::Observed, "observed"),
        (Basis::Matched, "matched"),
        (Basis::Inferred, "inferred, with its confidence"),
    ] {
        stroke(out, basis, &format!("M{x:.1} {y:.1} L{:.1} {y:.1}", x + 28.0), word);
        if basis == Basis::Observed {
            let _ = write!(out, "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"2.6\" fill=\"#6e675d\"/>", x + 14.0);
        }
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"10\" fill=\"#57514a\">{word}</text>",
            x + 34.0,
            y + 3.5
        );
        x += 34.0 + width(word, 10.0) + 18.0;
    }
}

/// A text cut so that it fits, with its end kept: the end of a name tells files apart.
fn fitted(text: &str, room: f64, size: f64) -> String {
    let text = clean(text);
    if width(&text, size) <= room {
        return text;
    }
    let letters: Vec<char> = text.chars().collect();
    for kept in (2..letters.len()).rev() {
        let head: String = letters[..kept / 2].iter().collect();
        let tail: String = letters[letters.len() - kept.div_ceil(2)..].iter().collect();
        let cut = format!("{head}…{tail}");
        if width(&cut, size) <= room {
            return cut;
        }
    }
    "…".to_owned()
}
