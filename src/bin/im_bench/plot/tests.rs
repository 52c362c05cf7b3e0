//! What a chart must show, whatever draws it.

use super::*;

fn series(name: &str, ys: &[f64]) -> Series {
    let xs = [10.0, 100.0, 1000.0, 10_000.0];
    let points = xs.iter().zip(ys).map(|(x, y)| Point {
        x: *x,
        y: *y,
        spread: Some((y * 0.9, y * 1.2)),
    });
    Series::new(name, points.collect())
}

fn chart(series: Vec<Series>) -> Chart {
    let x = Axis::logarithmic("users online");
    Chart::new("Cost & co", x, Axis::linear("CPU, us a login"), series)
}

fn big_endian(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes.try_into().unwrap())
}

#[test]
fn svg_names_title_axes_and_series_and_has_every_point() {
    let svg = chart(vec![
        series("plugin", &[30.0, 31.0, 33.0, 60.0]),
        series("bare", &[20.0, 21.0, 19.0, 22.0]),
    ])
    .svg()
    .unwrap();
    for text in [
        "plugin",
        "bare",
        "users online",
        "CPU, us a login",
        "Cost &amp; co",
    ] {
        assert!(svg.contains(text), "no `{text}` in {svg}");
    }
    // Circles are the first series' points, and its line of the legend.
    assert_eq!(svg.matches("<circle").count(), 4 + 1, "{svg}");
    assert!(svg.contains("stroke-dasharray"), "the second is dashed");
}

#[test]
fn series_differ_in_more_than_colour() {
    let names = ["a", "b", "c", "d"];
    let svg = chart(names.map(|name| series(name, &[1.0, 2.0, 3.0, 4.0])).into())
        .svg()
        .unwrap();
    let dashes = svg.match_indices("stroke-dasharray=\"").map(|(at, found)| {
        let rest = &svg[at + found.len()..];
        rest.split('"').next().unwrap()
    });
    let mut dashes: Vec<&str> = dashes.collect();
    dashes.sort_unstable();
    dashes.dedup();
    assert_eq!(dashes.len(), 3, "{dashes:?}");
}

#[test]
fn png_has_the_stated_size_and_is_not_blank() {
    let mut one = chart(vec![series("plugin", &[1.0, 2.0, 3.0, 4.0])]);
    (one.width_px, one.height_px) = (640, 360);
    let png = one.png().unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    // IHDR comes first: its length and name, then width and height.
    assert_eq!(
        (big_endian(&png[16..20]), big_endian(&png[20..24])),
        (640, 360)
    );
    // A blank page of that size packs to much less than text and lines do.
    assert!(png.len() > 4000, "{} bytes", png.len());
    one.series = vec![series("plugin", &[4.0, 3.0, 2.0, 1.0])];
    assert_ne!(png, one.png().unwrap(), "the data shows");
}

#[test]
fn both_files_are_written_below_a_new_folder() {
    let folder = tempfile::tempdir().unwrap();
    let plots = folder.path().join("a/b");
    let one = chart(vec![series("plugin", &[1.0, 2.0, 3.0, 4.0])]);
    one.write(&plots, "cost").unwrap();
    for file in ["cost.svg", "cost.png"] {
        assert!(plots.join(file).is_file(), "{file}");
    }
}

#[test]
fn what_the_axes_cannot_show_is_refused_and_named() {
    for (series, want) in [
        (vec![], "chart `Cost & co`: it has no points"),
        (vec![series("nobody", &[])], "it has no points"),
        (
            vec![Series::new(
                "zero",
                vec![Point {
                    x: 0.0,
                    y: 1.0,
                    spread: None,
                }],
            )],
            "its axes cannot show 0",
        ),
        (vec![series("nan", &[1.0, f64::NAN])], "cannot show NaN"),
    ] {
        let error = chart(series).svg().unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
}

#[test]
fn ticks_of_logarithmic_axes_are_plain_numbers() {
    let xs = Axis::logarithmic("users online");
    let series = vec![series("p99", &[0.02, 0.3, 4.0, 5000.0])];
    let one = Chart::new("Delay", xs, Axis::logarithmic("ms"), series);
    let svg = one.svg().unwrap();
    for tick in [">0.01<", ">0.1<", ">1<", ">1000<"] {
        assert!(svg.contains(tick), "no {tick} in {svg}");
    }
}
