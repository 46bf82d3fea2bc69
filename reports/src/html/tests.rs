use serde_json::Value as Json;

use super::*;
use crate::fixture::{study, summary, thousand, typical};
use crate::interval::Rate;
use crate::json;

fn page(summary: &Summary) -> String {
    report(&Report {
        summary,
        rollouts: &[],
        power: None,
        when: None,
    })
}

fn as_json(summary: &Summary) -> Json {
    let mut bytes = Vec::new();
    json::write(summary, &mut bytes).expect("memory takes everything");
    serde_json::from_slice(&bytes).expect("is JSON")
}

/// The part of a page between the tags of a section.
fn section<'a>(page: &'a str, id: &str) -> &'a str {
    let (_, rest) = page
        .split_once(&format!("<section id=\"{id}\">"))
        .expect("is there");
    rest.split_once("</section>").expect("ends").0
}

/// The rows of the table of scenarios that are not headings, without those of refused policies.
fn rows(page: &str) -> Vec<&str> {
    let table = section(page, "scenarios");
    let (_, body) = table.split_once("<tbody>").expect("has a body");
    let rows = body.split("<tr").skip(1);
    rows.filter(|row| row.contains("scope=\"row\"") && !row.contains("class=\"refused\""))
        .collect()
}

#[test]
fn names_of_users_are_no_markup_anywhere() {
    let hostile = "p\"><script>alert('1')</script>&amp;";
    let study = study(&[hostile, "q"], &[("x/<img src=a>", true), ("x/ok", false)]);
    let (bad, good) = (thousand(true, 900), thousand(false, 990));
    let all = summary(
        &study,
        &[(0, 0, &bad), (1, 0, &bad), (0, 1, &good), (1, 1, &good)],
    );
    let page = page(&all);
    assert!(
        !page.contains("<script") && !page.contains("<img"),
        "a name became markup"
    );
    assert!(page.contains("&lt;script&gt;alert("));
    // In tables and sentences, and in drawings with their descriptions.
    assert!(section(&page, "scenarios").contains("&amp;amp;"));
    for part in ["outcomes", "survival", "harm"] {
        let part = section(&page, part);
        let (_, drawn) = part.split_once("<desc").expect("is described");
        assert!(
            drawn
                .split("</desc>")
                .next()
                .is_some_and(|text| text.contains("&amp;amp;"))
        );
    }
    let bars = section(&page, "outcomes");
    assert!(
        bars.contains("\np&quot;&gt;&lt;script&gt;alert(&apos;1"),
        "{bars}"
    );
}

#[test]
fn the_table_has_the_numbers_of_the_json_each_with_interval_and_n() {
    let summary = typical();
    let (page, json) = (page(&summary), as_json(&summary));
    let cells = json["cells"].as_array().expect("has cells");
    let ran: Vec<&Json> = cells.iter().filter(|cell| cell["n"] != 0).collect();
    let rows = rows(&page);
    assert_eq!(rows.len(), ran.len());
    for (row, cell) in rows.iter().zip(ran) {
        let label = cell["policy"].as_str().expect("a label");
        assert!(row.contains(&format!(">{label}</th>")), "{row}");
        let wrong = [&cell["missed"], &cell["false_rollback"]];
        let wrong = wrong
            .into_iter()
            .find(|rate| !rate.is_null())
            .expect("one of them");
        let percent = |key: &str| wrong[key].as_f64().expect("a share") * 100.0;
        let share = human::percent(percent("share") / 100.0);
        let (low, high) = (
            (percent("low") * 10.0).floor(),
            (percent("high") * 10.0).ceil(),
        );
        let told = format!("{share}<small>{:.1}–{:.1}</small>", low / 10.0, high / 10.0);
        assert!(row.contains(&told), "{told}: {row}");
        let hurt = &cell["hurt"]["median"];
        let count = |key: &str| human::count(hurt[key].as_u64().expect("a count"));
        let told = format!(
            "{}<small>{}–{}</small>",
            count("value"),
            count("low"),
            count("high")
        );
        assert!(row.contains(&told), "{told}: {row}");
        let n = human::count(cell["n"].as_u64().expect("a count"));
        assert!(row.contains(&format!("<td>{n}</td>")), "{row}");
        // Nothing but n stands without an interval.
        let numbers = row
            .split("<td")
            .skip(1)
            .filter(|cell| !cell.contains(human::NOTHING));
        let bare = numbers.filter(|cell| !cell.contains("<small>")).count();
        assert_eq!(bare, 1, "{row}");
    }
}

#[test]
fn every_scenario_that_ran_has_its_pictures_with_numbers() {
    let page = page(&typical());
    for (part, figures) in [("outcomes", 4), ("survival", 4), ("harm", 3)] {
        let part = section(&page, part);
        assert_eq!(part.matches("<figure").count(), figures);
        assert_eq!(part.matches("<details").count(), figures);
        assert_eq!(part.matches("role=\"img\"").count(), figures);
    }
    let bars = section(&page, "outcomes");
    // Two policies ran; a share and an n in each cell of their tables.
    assert_eq!(bars.matches(" of 1,000</td>").count(), 4 * 2 * 3);
    let half = Rate::wilson(480, 1000).expect("has some");
    let told = format!("<td>{}</td>", number::told(&half));
    assert!(bars.contains(&told), "{told}: {bars}");
}

#[test]
fn people_and_orders_have_columns_where_they_are_counted() {
    let mut study = study(&["p"], &[("a/orders-lost", true)]);
    std::sync::Arc::make_mut(&mut study).scenarios[0].business = vec!["orders".to_owned()];
    let mut outcomes = thousand(true, 0);
    for outcome in &mut outcomes {
        outcome.hurt_users = 77;
        outcome.lost = vec![88];
    }
    let with = page(&summary(&study, &[(0, 0, &outcomes)]));
    assert!(with.contains("hurt users, median") && with.contains("77<small>77–77</small>"));
    assert!(with.contains("orders 88<small>88–88</small>"));
    let without = page(&typical());
    assert!(!without.contains("hurt users, median") && !without.contains("lost, median"));
}

#[test]
fn what_was_refused_interrupted_or_never_run_is_said() {
    let mut all = typical();
    all.complete = false;
    all.cells.truncate(5);
    let text = page(&all);
    assert!(text.contains("Interrupted: 5 of 12 cells were run"));
    assert!(text.contains("invalid-one.yaml:46") && text.contains("<code>count: 5</code>"));
    let none = page(&summary(
        &study(&["invalid"], &[("a/x", true)]),
        &[(0, 0, &[])],
    ));
    assert!(none.contains("Every policy is refused") && !none.contains("<figure"));
}

#[test]
fn equal_studies_give_equal_pages() {
    assert_eq!(page(&typical()), page(&typical()));
}
