//! What was measured, as a table.

use std::fmt::Write;
use std::time::Duration;

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) measure: String,
    /// What came out.
    pub(crate) figure: String,
    /// What it is compared with.
    pub(crate) peer: String,
    /// The figure over that of the peer.
    pub(crate) ratio: Option<f64>,
    /// What is wanted.
    pub(crate) target: String,
    /// Whether it is so.
    pub(crate) met: bool,
}

/// The rows in Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| measure | figure | peer or limit in the same run | ratio | target | met |\n|---|---|---|---|---|---|\n",
    );
    for Row { measure, figure, peer, ratio, target, met } in rows {
        let ratio = ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let met = if *met { "yes" } else { "**no**" };
        // Writing to a string can't fail.
        let _ = writeln!(text, "| {measure} | {figure} | {peer} | {ratio} | {target} | {met} |");
    }
    text
}

/// A rate, as people read it.
pub(crate) fn per_second(rate: f64) -> String {
    format!("{}/s", count(rate as u64))
}

/// A count with its thousands set apart.
pub(crate) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time with a unit that fits.
pub(crate) fn time(time: Duration) -> String {
    match time.as_nanos() {
        nanoseconds @ 0..2_000 => format!("{nanoseconds} ns"),
        2_000..2_000_000 => format!("{:.0} µs", time.as_secs_f64() * 1e6),
        2_000_000..2_000_000_000 => format!("{:.0} ms", time.as_secs_f64() * 1e3),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}
