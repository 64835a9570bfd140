//! Lineage as text from which others draw: Mermaid and Graphviz.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proofmark_domain::Basis;
use proofmark_domain::lineage::{NodeId, NodeKind};

use super::Story;
use crate::text::legible;

/// What stands between two nodes: nothing for what is certain, the confidence for what is not.
fn sure(edge: &proofmark_domain::lineage::Edge) -> String {
    if edge.confidence.get() >= 1.0 { String::new() } else { format!("{:.0} %", edge.confidence.get() * 100.0) }
}

/// A Mermaid flow chart, left to right. https://mermaid.js.org/syntax/flowchart.html
pub fn mermaid(story: &Story) -> String {
    let mut text = String::from("flowchart LR\n");
    let ids: BTreeMap<&NodeId, usize> = story.graph.nodes.iter().enumerate().map(|(at, node)| (&node.id, at)).collect();
    // Quotes end a label, and `#` begins an entity.
    let quoted = |label: &str| {
        legible(label).replace('#', "#35;").replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;")
    };
    for (at, node) in story.graph.nodes.iter().enumerate() {
        let label = quoted(&node.label);
        let (open, close) = match node.kind {
            NodeKind::Run => ("([", "])"),
            NodeKind::Dataset | NodeKind::PredictionLog => ("[(", ")]"),
            NodeKind::Model => ("{{", "}}"),
            _ => ("[", "]"),
        };
        let class = if node.present { "" } else { ":::gone" };
        let _ = writeln!(text, "  n{at}{open}\"{label}\"{close}{class}");
    }
    for edge in &story.graph.edges {
        let (Some(from), Some(to)) = (ids.get(&edge.from), ids.get(&edge.to)) else { continue };
        let arrow = match edge.basis {
            Basis::Inferred => "-.->",
            Basis::Matched => "==>",
            Basis::Declared | Basis::Observed => "-->",
        };
        let sure = sure(edge);
        let label = if sure.is_empty() { String::new() } else { format!("|\"{sure}\"|") };
        let _ = writeln!(text, "  n{from} {arrow}{label} n{to}");
    }
    text.push_str("  classDef gone stroke-dasharray: 4 3\n");
    text
}

/// A Graphviz digraph, left to right. https://graphviz.org/doc/info/lang.html
pub fn dot(story: &Story) -> String {
    let quoted = |label: &str| format!("\"{}\"", legible(label).replace('\\', "\\\\").replace('"', "\\\""));
    let mut text = format!(
        "digraph {} {{\n  rankdir=LR;\n  node [fontname=\"sans-serif\", fontsize=10];\n",
        quoted(&story.project)
    );
    for node in &story.graph.nodes {
        let shape = match node.kind {
            NodeKind::Run => "ellipse",
            NodeKind::Dataset | NodeKind::PredictionLog => "cylinder",
            NodeKind::Model => "hexagon",
            NodeKind::Code | NodeKind::Notebook => "note",
            _ => "box",
        };
        let style = if node.present { "" } else { ", style=dashed" };
        let digest =
            node.digest.map_or_else(String::new, |digest| format!(", tooltip={}", quoted(&digest.to_string())));
        let _ =
            writeln!(text, "  {} [label={}, shape={shape}{style}{digest}];", quoted(&node.id.0), quoted(&node.label));
    }
    for edge in &story.graph.edges {
        let style = match edge.basis {
            Basis::Inferred => ", style=dashed",
            Basis::Matched => ", color=\"black:black\"",
            Basis::Declared | Basis::Observed => "",
        };
        let _ = writeln!(
            text,
            "  {} -> {} [label={}{style}, tooltip={}];",
            quoted(&edge.from.0),
            quoted(&edge.to.0),
            quoted(&sure(edge)),
            quoted(&edge.evidence)
        );
    }
    text.push_str("}\n");
    text
}
