use super::*;

fn names(wanted: &[&str]) -> Result<Vec<String>, String> {
    let mut diagnostics = Diagnostics::new();
    let scenarios = select(wanted, &mut diagnostics);
    let texts = |errors: Vec<SelectError>| {
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        texts.join("\n")
    };
    let list = scenarios.map_err(texts)?;
    Ok(list.iter().map(|s| s.name.to_string()).collect())
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
    let errors = names(&["market-opne", "steady/eror-2", "qqq"]).expect_err("unknown");
    let first_lines: Vec<_> = errors.lines().filter(|l| l.starts_with("no ")).collect();
    assert_eq!(
        first_lines,
        [
            "no scenario and no file is named `market-opne` (did you mean `market-open`?)",
            "no scenario and no file is named `steady/eror-2` (did you mean `steady/errors-2`?)",
            "no scenario and no file is named `qqq`",
        ]
    );
    assert!(errors.contains("the catalogue has steady/healthy, steady/errors-2"));
}

#[test]
fn files_and_folders_are_read_and_clashes_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = catalogue::files()[0].text;
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("writes");
        path.to_str().expect("a path in UTF-8").to_owned()
    };
    let one = write("b.yaml", &text.replace("steady/healthy", "mine"));
    write("a.yml", &text.replace("steady/healthy", "other"));
    write("notes.txt", "no YAML");
    assert_eq!(names(&[&one]), Ok(vec!["mine".to_owned()]));
    let all = folder.path().to_str().expect("a path in UTF-8");
    assert_eq!(
        names(&[all]),
        Ok(vec!["other".to_owned(), "mine".to_owned()])
    );
    let clash = names(&[&one, &one]).expect_err("clashes");
    assert!(
        clash.starts_with("two scenarios are named `mine`"),
        "{clash}"
    );
    let empty = write("empty.yaml", "# nothing\n");
    let error = names(&[&empty]).expect_err("is empty");
    assert!(
        error.ends_with("holds no scenario (a scenario has `kind: Scenario`)"),
        "{error}"
    );
}
