//! Drawing in fractions of a pixel, and turning what plotters writes into a themed figure.

use std::fmt::Write as _;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Figure, Mark};
use crate::text;

pub(super) const NAMESPACE: &str = " xmlns=\"http://www.w3.org/2000/svg\"";
/// plotters counts in whole pixels; drawing ten times as large and dividing keeps thin bars evenly wide.
const SCALE: f64 = 10.0;
/// plotters divides font sizes by this.
const FONT_DIVISOR: f64 = 1.24;
/// Smallest side of a mark, so that a pointer can hit it.
const HIT: f64 = 6.0;
/// Size of ordinary figure text.
pub(super) const TEXT: f64 = 11.0;

/// What a colour means. The plain colours are distinct: they are how the class is found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Reference,
    Current,
    Axis,
    Grid,
    Text,
    One,
    Two,
    Three,
    Four,
    Five,
}

const ROLES: [(Role, &str, RGBColor); 10] = [
    (Role::Reference, "fig-reference", RGBColor(0x8a, 0x85, 0x80)),
    (Role::Current, "fig-current", RGBColor(0x9a, 0x6b, 0x1f)),
    (Role::Axis, "fig-axis", RGBColor(0x85, 0x7e, 0x73)),
    (Role::Grid, "fig-grid", RGBColor(0xe0, 0xdc, 0xd4)),
    (Role::Text, "fig-text", RGBColor(0x5c, 0x56, 0x4d)),
    (Role::One, "fig-1", RGBColor(0x0b, 0x6f, 0xae)),
    (Role::Two, "fig-2", RGBColor(0xc4, 0x56, 0x0a)),
    (Role::Three, "fig-3", RGBColor(0x0a, 0x80, 0x60)),
    (Role::Four, "fig-4", RGBColor(0xb0, 0x56, 0x8a)),
    (Role::Five, "fig-5", RGBColor(0x39, 0x83, 0xb5)),
];

impl Role {
    fn color(self) -> RGBColor {
        ROLES.iter().find(|(role, ..)| *role == self).map_or(BLACK, |(.., color)| *color)
    }
}

/// On which side of the point a text stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Align {
    Start,
    Middle,
    End,
}

enum Shape {
    Rect { x: f64, y: f64, width: f64, height: f64, style: ShapeStyle },
    Path(Vec<(f64, f64)>, ShapeStyle),
    Polygon(Vec<(f64, f64)>, ShapeStyle),
    Circle { x: f64, y: f64, radius: f64, style: ShapeStyle },
    Text { x: f64, y: f64, size: f64, align: Align, bold: bool, text: String },
}

/// A sheet of known size. Shapes keep their order; marks are clamped to the sheet.
pub(super) struct Canvas {
    width: f64,
    height: f64,
    shapes: Vec<Shape>,
    marks: Vec<Mark>,
}

impl Canvas {
    pub fn new(width: f64, height: f64) -> Self {
        Self { width: width.ceil(), height: height.ceil(), shapes: Vec::new(), marks: Vec::new() }
    }

    fn x(&self, x: f64) -> f64 {
        if x.is_finite() { x.clamp(0.0, self.width) } else { 0.0 }
    }

    fn y(&self, y: f64) -> f64 {
        if y.is_finite() { y.clamp(0.0, self.height) } else { self.height }
    }

    /// A filled rectangle.
    pub fn bar(&mut self, x: f64, y: f64, width: f64, height: f64, role: Role, opacity: f64) {
        self.shapes.push(Shape::Rect { x, y, width, height, style: role.color().mix(opacity).filled() });
    }

    /// A hollow rectangle.
    pub fn frame(&mut self, x: f64, y: f64, width: f64, height: f64, role: Role) {
        let points = vec![(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)];
        self.path(points, role, 1.0);
    }

    pub fn path(&mut self, points: Vec<(f64, f64)>, role: Role, stroke: f64) {
        let style = role.color().stroke_width((stroke * SCALE).round() as u32);
        self.shapes.push(Shape::Path(points, style));
    }

    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), role: Role, stroke: f64) {
        self.path(vec![from, to], role, stroke);
    }

    /// A line of dashes four pixels long.
    pub fn dashes(&mut self, from: (f64, f64), to: (f64, f64), role: Role, stroke: f64) {
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let n = (length / 7.0).round().clamp(1.0, 200.0) as u32;
        for i in 0..n {
            let at = |step: f64| {
                let t = (step / f64::from(n)).min(1.0);
                (from.0 + (to.0 - from.0) * t, from.1 + (to.1 - from.1) * t)
            };
            self.line(at(f64::from(i)), at(f64::from(i) + 4.0 / 7.0), role, stroke);
        }
    }

    pub fn polygon(&mut self, points: Vec<(f64, f64)>, role: Role, opacity: f64) {
        self.shapes.push(Shape::Polygon(points, role.color().mix(opacity).filled()));
    }

    pub fn dot(&mut self, x: f64, y: f64, radius: f64, role: Role) {
        self.shapes.push(Shape::Circle { x, y, radius, style: role.color().filled() });
    }

    /// Text with its baseline at `y`; it must be clean and fitted already.
    pub fn text(&mut self, x: f64, y: f64, align: Align, text: impl Into<String>) {
        self.shapes.push(Shape::Text { x, y, size: TEXT, align, bold: false, text: text.into() });
    }

    /// Text that leads.
    pub fn strong(&mut self, x: f64, y: f64, align: Align, text: impl Into<String>) {
        self.shapes.push(Shape::Text { x, y, size: TEXT, align, bold: true, text: text.into() });
    }

    /// Records a number at a rectangle, widened to what a pointer can hit and kept on the sheet.
    pub fn mark(&mut self, series: &str, label: &str, value: String, (x, y, width, height): (f64, f64, f64, f64)) {
        let span = |start: f64, length: f64, limit: f64| {
            let length = if length.is_finite() { length.clamp(0.0, limit) } else { 0.0 };
            let wide = length.max(HIT).min(limit);
            let start = if start.is_finite() { start - (wide - length) / 2.0 } else { 0.0 };
            let round = |v: f64| (v * 10.0).round() / 10.0;
            (round(start.clamp(0.0, limit - wide)), round(wide))
        };
        let (x, width) = span(x, width, self.width);
        let (y, height) = span(y, height, self.height);
        let width = width.min(((self.width - x) * 10.0).round() / 10.0);
        let height = height.min(((self.height - y) * 10.0).round() / 10.0);
        let label = text::clean(label);
        self.marks.push(Mark { series: series.to_owned(), label, value, x, y, width, height });
    }

    pub fn finish(self, title: String, description: String) -> Figure {
        let mut raw = String::new();
        let ink = Role::Text.color();
        {
            let root = SVGBackend::with_string(&mut raw, ((self.width * SCALE) as u32, (self.height * SCALE) as u32))
                .into_drawing_area();
            let at = |x: f64, y: f64| ((self.x(x) * SCALE).round() as i32, (self.y(y) * SCALE).round() as i32);
            for shape in &self.shapes {
                // The backend writes to memory: its only errors are those of files, so there is nothing to report.
                let _ = match shape {
                    Shape::Rect { x, y, width, height, style } => {
                        root.draw(&Rectangle::new([at(*x, *y), at(x + width, y + height)], *style))
                    }
                    Shape::Path(points, style) => {
                        root.draw(&PathElement::new(points.iter().map(|(x, y)| at(*x, *y)).collect::<Vec<_>>(), *style))
                    }
                    Shape::Polygon(points, style) => {
                        root.draw(&Polygon::new(points.iter().map(|(x, y)| at(*x, *y)).collect::<Vec<_>>(), *style))
                    }
                    Shape::Circle { x, y, radius, style } => {
                        root.draw(&Circle::new(at(*x, *y), (radius * SCALE).round() as i32, *style))
                    }
                    Shape::Text { x, y, size, align, bold, text } => {
                        let h = match align {
                            Align::Start => HPos::Left,
                            Align::Middle => HPos::Center,
                            Align::End => HPos::Right,
                        };
                        let weight = if *bold { FontStyle::Bold } else { FontStyle::Normal };
                        let font = FontDesc::new(FontFamily::SansSerif, size * FONT_DIVISOR * SCALE, weight);
                        let style = TextStyle::from(font).color(&ink).pos(Pos::new(h, VPos::Bottom));
                        root.draw(&Text::new(text.as_str(), at(*x, *y), style))
                    }
                };
            }
            let _ = root.present();
        }
        let title = text::clean(&title);
        let description = text::clean(&description);
        let svg = themed(&raw, self.width, self.height, &title, &description);
        Figure { title, description, svg, width: self.width, height: self.height, marks: self.marks }
    }
}

/// Rewrites the backend's elements: coordinates back to pixels, classes for colours, both paints stated, no `dy`.
fn themed(raw: &str, width: f64, height: f64, title: &str, description: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    // Writing to a String cannot fail, here and below.
    let _ = write!(
        out,
        "<svg{NAMESPACE} viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"system-ui, sans-serif\">"
    );
    let _ = write!(out, "<title>{}</title><desc>{}</desc>", text::escape(title), text::escape(description));
    let mut lines = raw.lines();
    while let Some(line) = lines.next() {
        let Some((tag, attributes)) = element(line) else { continue };
        if tag == "svg" {
            continue;
        }
        let _ = write!(out, "\n<{tag}");
        let (mut fill, mut stroke) = ("none", "none");
        for (name, value) in attributes {
            match name {
                "fill" => fill = value,
                "stroke" => stroke = value,
                "dy" | "font-family" => {}
                "opacity" if value == "1" => {}
                "opacity" | "text-anchor" | "font-style" => {
                    let _ = write!(out, " {name}=\"{value}\"");
                }
                "font-weight" => out.push_str(" font-weight=\"600\""),
                "points" => {
                    let points: Vec<String> = value
                        .split_whitespace()
                        .map(|pair| pair.split(',').map(unscaled).collect::<Vec<_>>().join(","))
                        .collect();
                    let _ = write!(out, " points=\"{}\"", points.join(" "));
                }
                _ => {
                    let _ = write!(out, " {name}=\"{}\"", unscaled(value));
                }
            }
        }
        for (attribute, paint) in [("fill", fill), ("stroke", stroke)] {
            let role = ROLES.iter().find(|(.., color)| paint.eq_ignore_ascii_case(&hex(*color)));
            match role {
                Some((_, class, color)) => {
                    let _ = write!(out, " class=\"{class}\" {attribute}=\"{}\"", hex(*color));
                }
                None => {
                    let _ = write!(out, " {attribute}=\"none\"");
                }
            }
        }
        if tag == "text" {
            let _ = write!(out, ">{}</text>", lines.next().unwrap_or_default());
        } else {
            out.push_str("/>");
        }
    }
    out.push_str("\n</svg>\n");
    out
}

fn hex(color: RGBColor) -> String {
    format!("#{:02x}{:02x}{:02x}", color.0, color.1, color.2)
}

/// An opening tag and its attributes; values hold no quotes because the backend escapes them.
fn element(line: &str) -> Option<(&str, Vec<(&str, &str)>)> {
    let body = line.strip_prefix('<').filter(|body| !body.starts_with('/'))?;
    let body = body.trim_end_matches('>').trim_end_matches('/');
    let (tag, mut rest) = body.split_once(' ')?;
    let mut attributes = Vec::new();
    while let Some((name, after)) = rest.split_once("=\"") {
        let (value, next) = after.split_once('"')?;
        attributes.push((name.trim(), value));
        rest = next;
    }
    Some((tag, attributes))
}

fn unscaled(value: &str) -> String {
    value.parse::<f64>().map_or_else(|_| value.to_owned(), |v| format!("{}", (v / SCALE * 100.0).round() / 100.0))
}
