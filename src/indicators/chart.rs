//! A plain chart of lines over time, as SVG that stands in a page.

use std::fmt::Write as _;

use jiff::civil::Date;

use crate::wording::{Escaped, date, number};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 230.0;
const LEFT: f64 = 64.0;
/// Room for the names of the lines at their ends.
const RIGHT: f64 = 112.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 26.0;
/// Between two names at the ends of lines.
const LINE_HEIGHT: f64 = 16.0;
/// More points than this are not drawn one by one.
const DOTS: usize = 20;

/// One line: its name, how it is drawn (a class of the page's style), its points.
pub struct Line<'a> {
    pub name: &'a str,
    pub class: &'static str,
    pub points: Vec<(Date, u64)>,
}

/// The chart; empty when no line has a point.
pub fn chart(title: &str, lines: &[Line<'_>]) -> String {
    let points = || lines.iter().flat_map(|line| &line.points);
    let (Some(first), Some(last)) = (points().map(|p| p.0).min(), points().map(|p| p.0).max()) else {
        return String::new();
    };
    let top = ceiling(points().map(|p| p.1).max().unwrap_or_default());
    let span = f64::from(days(first, last).max(1));
    let x = |day: Date| LEFT + (WIDTH - LEFT - RIGHT) * f64::from(days(first, day)) / span;
    #[expect(clippy::cast_precision_loss, reason = "pixels")]
    let y = |n: u64| TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - n as f64 / top as f64);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n<title>{}</title>\n",
        Escaped(title),
        Escaped(title)
    );
    for quarter in 0..=4 {
        let n = top * quarter / 4;
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{1:.1}\" y2=\"{1:.1}\"/>\
             <text class=\"tick\" x=\"{2:.1}\" y=\"{3:.1}\" text-anchor=\"end\">{4}</text>",
            WIDTH - RIGHT,
            y(n),
            LEFT - 8.0,
            y(n) + 4.0,
            number(n)
        );
    }
    for (day, anchor) in [(first, "start"), (last, "end")].into_iter().take(if first == last { 1 } else { 2 }) {
        let _ = writeln!(
            svg,
            "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            x(day),
            HEIGHT - 6.0,
            date(day)
        );
    }
    let mut ends: Vec<(f64, &Line<'_>)> =
        lines.iter().filter_map(|line| line.points.last().map(|(_, n)| (y(*n), line))).collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Names stand at the ends of their lines, one under the other, and in the chart.
    let mut lowest = y(0) - LINE_HEIGHT * names_below(ends.len());
    let mut free = f64::MIN;
    for (at, line) in &ends {
        draw(line, &x, &y, &mut svg);
        let at = at.min(lowest).max(free);
        (free, lowest) = (at + LINE_HEIGHT, lowest + LINE_HEIGHT);
        let _ = writeln!(
            svg,
            "<text class=\"name {}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            line.class,
            WIDTH - RIGHT + 10.0,
            at + 4.0,
            Escaped(line.name)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// A line, and where there are few of them its points.
fn draw(line: &Line<'_>, x: &dyn Fn(Date) -> f64, y: &dyn Fn(u64) -> f64, svg: &mut String) {
    let path: Vec<String> = line.points.iter().map(|(day, n)| format!("{:.1},{:.1}", x(*day), y(*n))).collect();
    let _ = writeln!(svg, "<polyline class=\"line {}\" points=\"{}\"/>", line.class, path.join(" "));
    if line.points.len() > DOTS {
        return;
    }
    for (day, n) in &line.points {
        let _ = writeln!(
            svg,
            "<circle class=\"dot {}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.5\"><title>{} : {}</title></circle>",
            line.class,
            x(*day),
            y(*n),
            date(*day),
            number(*n)
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful")]
fn names_below(lines: usize) -> f64 {
    lines.saturating_sub(1) as f64
}

fn days(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}

/// The next number that is easy to read on an axis, and divides by four.
fn ceiling(most: u64) -> u64 {
    let mut unit = 4;
    loop {
        for step in [1, 2, 3, 5] {
            if unit * step >= most {
                return unit * step;
            }
        }
        unit *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_just_above() {
        for (most, end) in [(0, 4), (4, 4), (5, 8), (13, 20), (37, 40), (100, 120), (6_800, 8_000), (130_001, 200_000)]
        {
            assert_eq!(ceiling(most), end, "{most}");
        }
    }
}
