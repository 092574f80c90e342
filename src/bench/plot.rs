//! A picture of a report: latency against rate, one line for each percentile.

use super::report::{QUANTILES, RateReport, Report};
use plotters::coord::Shift;
use plotters::prelude::*;
use thiserror::Error;

const WIDTH: u32 = 960;
const HEIGHT: u32 = 600;
const LEGEND_WIDTH: u32 = 100;

/// Colours that stay apart for most who see colours differently (after Okabe and Ito).
const COLOURS: [RGBColor; 5] = [
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(230, 159, 0),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
];

/// Why there is no picture.
#[derive(Debug, Error)]
pub enum PlotError {
    /// Nothing was measured.
    #[error("no request was answered, so there is nothing to draw")]
    Nothing,
    /// The picture cannot be drawn.
    #[error("the picture cannot be drawn: {0}")]
    Drawing(String),
}

/// The picture as SVG.
///
/// # Errors
/// [`PlotError`] if there is nothing to draw.
pub fn svg(report: &Report) -> Result<String, PlotError> {
    let mut picture = String::new();
    let rates: Vec<_> = report.rates.iter().filter(|rate| rate.latency_us.p50.is_some()).collect();
    if rates.is_empty() {
        return Err(PlotError::Nothing);
    }
    draw(&mut picture, report, &rates).map_err(|error| PlotError::Drawing(error.to_string()))?;
    Ok(picture)
}

fn draw(picture: &mut String, report: &Report, rates: &[&RateReport]) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::with_string(picture, (WIDTH, HEIGHT)).into_drawing_area();
    area.fill(&WHITE)?;
    // Beside the lines and not over them, wherever they run.
    let (area, legend) = area.split_horizontally(WIDTH - LEGEND_WIDTH);
    explain(&legend)?;
    let title = format!("Latency against rate: {}, {} connections", report.target, report.connections);
    let (across, up) = extent(rates);
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 22))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(84)
        .build_cartesian_2d((across.0..across.1).log_scale(), (up.0..up.1).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("requests per second that were due")
        .y_desc("latency, from when a request was due")
        .x_label_formatter(&|rate| thousands(*rate))
        .y_label_formatter(&|us| duration(*us))
        .axis_desc_style(("sans-serif", 16))
        .label_style(("sans-serif", 14))
        .light_line_style(RGBColor(240, 240, 240))
        .bold_line_style(RGBColor(210, 210, 210))
        .draw()?;
    for (index, colour) in COLOURS.into_iter().enumerate() {
        let points: Vec<_> = rates
            .iter()
            .filter_map(|rate| Some((rate.wanted_per_second, rate.latency_us.quantiles().get(index).copied()??)))
            .collect();
        chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?;
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, colour.filled())))?;
    }
    area.present()?;
    Ok(())
}

/// Which colour is which percentile, in the order in which the lines lie.
fn explain<B: DrawingBackend>(legend: &DrawingArea<B, Shift>) -> Result<(), Box<dyn std::error::Error>>
where
    B::ErrorType: 'static,
{
    let mut y = 64;
    for ((name, _), colour) in QUANTILES.iter().zip(COLOURS).rev() {
        legend.draw(&PathElement::new([(4, y), (26, y)], colour.stroke_width(3)))?;
        legend.draw(&Text::new(*name, (34, y - 8), ("sans-serif", 16)))?;
        y += 26;
    }
    Ok(())
}

type Range = (f64, f64);

/// The rates and the times there are, with some room around them.
fn extent(rates: &[&RateReport]) -> (Range, Range) {
    let wanted = rates.iter().map(|rate| rate.wanted_per_second);
    let times = rates.iter().flat_map(|rate| rate.latency_us.quantiles()).flatten();
    (around(wanted, 1.2), around(times, 1.5))
}

fn around(values: impl Iterator<Item = f64>, room: f64) -> Range {
    let (least, most) = values.fold((f64::MAX, f64::MIN), |(least, most), value| (least.min(value), most.max(value)));
    (least.max(0.01) / room, most.max(0.01) * room)
}

fn thousands(rate: f64) -> String {
    if rate < 1_000.0 { trimmed(rate) } else { format!("{}k", trimmed(rate / 1_000.0)) }
}

fn duration(microseconds: f64) -> String {
    match microseconds {
        us if us < 1e3 => format!("{} us", trimmed(us)),
        us if us < 1e6 => format!("{} ms", trimmed(us / 1e3)),
        us => format!("{} s", trimmed(us / 1e6)),
    }
}

/// With no more digits than it has.
fn trimmed(number: f64) -> String {
    format!("{number:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::{Driven, Workload};
    use crate::bench::tally::Tally;
    use std::time::Duration;

    fn report(rates: &[(f64, u64)]) -> Report {
        let rate = |&(per_second, latency_us): &(f64, u64)| {
            let mut tally = Tally::default();
            if latency_us > 0 {
                tally.give_up(Duration::from_micros(latency_us));
            }
            let driven = Driven {
                per_second,
                duration: Duration::from_secs(1),
                requests: 1,
                verify: false,
                in_process: true,
                client_cpus: None,
                threads: 1,
            };
            RateReport::of(driven, &tally)
        };
        let (target, workload) = ("http://[::1]:1 <&>".to_owned(), Workload::of(&[], None));
        Report { target, workload, connections: 4, threads: 1, rates: rates.iter().map(rate).collect() }
    }

    #[test]
    fn a_picture_has_a_title_axes_with_units_and_a_legend() {
        let picture = svg(&report(&[(1_000.0, 90), (2_000.0, 110), (40_000.0, 230_000)])).unwrap();
        for part in
            ["<svg", "Latency against rate", "requests per second", "&lt;&amp;&gt;", "p50", "p99.99", "10k", "10 ms"]
        {
            assert!(picture.contains(part), "{part}");
        }
    }

    #[test]
    fn one_rate_makes_a_picture_too_and_none_makes_none() {
        assert!(svg(&report(&[(1_000.0, 90)])).is_ok());
        assert!(matches!(svg(&report(&[(1_000.0, 0)])), Err(PlotError::Nothing)));
        assert!(matches!(svg(&report(&[])), Err(PlotError::Nothing)));
    }
}
