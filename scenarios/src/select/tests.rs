use super::*;
use crate::files::tests::Shelf;

fn names(wanted: &[&str]) -> Result<Vec<String>, String> {
    names_with(wanted, &[])
}

fn names_with(wanted: &[&str], files: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let mut diagnostics = Diagnostics::new();
    let scenarios = select(wanted, &mut Shelf(files), &mut diagnostics);
    let texts = |errors: Vec<SelectError>| {
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        texts.join("\n")
    };
    let list = scenarios.map_err(texts)?;
    Ok(list.iter().map(|s| s.scenario.name.to_string()).collect())
}

#[test]
fn nothing_asked_for_is_everything_and_nothing_comes_twice() {
    assert_eq!(names(&[]).map(|n| n.len()), Ok(20));
    let list = names(&["market-open/slow", "market-open"]).expect("known");
    assert_eq!(list.len(), 5);
    assert_eq!(list[0], "market-open/slow");
}

#[test]
fn unknown_names_are_told_their_neighbours_all_at_once() {
    let errors = names(&["market-opne", "steady/eror-2", "nope"]).expect_err("unknown");
    let first_lines: Vec<_> = errors.lines().filter(|l| l.starts_with("no ")).collect();
    assert_eq!(
        first_lines,
        [
            "no scenario and no file is named `market-opne` (did you mean `market-open`?)",
            "no scenario and no file is named `steady/eror-2` (did you mean `steady/errors-2`?)",
            "no scenario and no file is named `nope`",
        ]
    );
    assert!(errors.contains("the catalogue has steady/healthy, steady/errors-2"));
}

#[test]
fn files_and_folders_are_read_and_clashes_refused() {
    let text = catalogue::files()[0].text;
    let mine = text.replace("steady/healthy", "mine");
    let other = text.replace("steady/healthy", "other");
    let files = [
        ("all/a.yml", &*other),
        ("all/b.yaml", &*mine),
        ("empty.yaml", "# nothing\n"),
    ];
    let names = |wanted: &[&str]| names_with(wanted, &files);
    assert_eq!(names(&["all/b.yaml"]), Ok(vec!["mine".to_owned()]));
    let both = Ok(vec!["other".to_owned(), "mine".to_owned()]);
    assert_eq!(names(&["all"]), both);
    let clash = names(&["all/b.yaml", "all/b.yaml"]).expect_err("clashes");
    assert!(
        clash.starts_with("two scenarios are named `mine`"),
        "{clash}"
    );
    let error = names(&["empty.yaml"]).expect_err("is empty");
    assert!(
        error.ends_with("holds no scenario (a scenario has `kind: Scenario`)"),
        "{error}"
    );
}

/// What chooses each again.
fn arguments(wanted: &[&str], files: &[(&str, &str)]) -> Vec<String> {
    let list = select(wanted, &mut Shelf(files), &mut Diagnostics::new()).expect("are there");
    list.into_iter().map(|one| one.argument).collect()
}

#[test]
fn every_scenario_knows_what_chooses_it_alone_and_one_of_a_file_has_a_name() {
    let text = catalogue::files()[0].text;
    let mine = text.replace("steady/healthy", "mine");
    let two = format!("{mine}\n---\n{}", text.replace("steady/healthy", "a#b"));
    let files = [("one.yaml", text), ("two#.yaml", &*two)];
    let all = arguments(&["steady/slow", "one.yaml", "two#.yaml"], &files);
    let chosen = ["steady/slow", "one.yaml", "two#.yaml#mine", "two#.yaml#a#b"];
    assert_eq!(all, chosen);
    for argument in chosen {
        assert_eq!(arguments(&[argument], &files), [argument]);
    }
    let error = names_with(&["two#.yaml#mien"], &files).expect_err("is not there");
    assert_eq!(
        error,
        "two#.yaml holds no scenario named `mien` (did you mean `mine`?) (it has mine, a#b)"
    );
}
