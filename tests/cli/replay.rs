//! The command that `score` prints tells the same rollout.

use std::path::Path;

use assert_cmd::Command;

use crate::{stdout, write};

const FLAGGER: &str = "scenarios/policies/flagger/ten-minutes.yaml";

/// Scores with these arguments, then runs the printed command in a shell, both with this standard
/// input. The verdict must be the same; the command comes back.
fn replay(arguments: &[&str], input: &str) -> String {
    let mut all = vec!["score", "-q", "--runs", "5"];
    all.extend(arguments);
    let table = crate::coalmine(&all).write_stdin(input).output();
    let table = String::from_utf8(table.expect("runs").stdout).expect("is UTF-8");
    // The last paragraph: a sentence in as many lines as it takes, and the command.
    let (_, last) = table.rsplit_once("\n\n").expect("a last paragraph");
    let (why, command) = last.trim_end().rsplit_once('\n').expect("both");
    let command = command.trim().to_owned();
    assert!(command.starts_with("coalmine run "), "{table}");
    let story = shell(&command, input);
    let verdicts = ["rolled back", "promoted"];
    let said = if why.contains("rolled") { 0 } else { 1 };
    let last = story.lines().rev().find_map(|line| {
        let verdict = |verdict: &&str| line.contains(*verdict);
        verdicts.iter().position(verdict)
    });
    assert_eq!(last, Some(said), "{why}\n{story}");
    command
}

fn shell(command: &str, input: &str) -> String {
    let program = assert_cmd::cargo::cargo_bin("coalmine");
    let folder = program.parent().and_then(Path::to_str).expect("a path");
    let output = Command::new("sh")
        .args(["-c", &format!("PATH='{folder}':$PATH; {command}")])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .write_stdin(input)
        .output()
        .expect("runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}\n{errors}");
    String::from_utf8(output.stdout).expect("is UTF-8")
}

#[test]
fn a_file_that_is_named_as_the_catalogue_names_another_is_replayed_from_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    // Healthy in the catalogue, loud in the file.
    let loud = stdout(&["scenarios", "steady/errors-20"]);
    let loud = loud.replace("steady/errors-20", "steady/healthy");
    let mine = write(folder.path(), "my scenario.yaml", &loud);
    let arguments = ["-f", FLAGGER, "--scenario", &mine, "--scenario", "off-peak"];
    let command = replay(&arguments[..4], "");
    assert!(
        command.contains(&format!("--scenario '{mine}'")),
        "{command}"
    );
    replay(&arguments, "");
}

#[test]
fn of_several_files_the_right_one_is_printed_and_of_several_in_one_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = |from: &str, to: &str| stdout(&["scenarios", from]).replace(from, to);
    let calm = text("steady/healthy", "mine/calm");
    let loud = text("steady/errors-20", "mine/loud");
    let calm_file = write(folder.path(), "calm.yaml", &calm);
    let loud_file = write(folder.path(), "loud.yaml", &loud);
    let arguments = [
        "-f",
        FLAGGER,
        "--scenario",
        &calm_file,
        "--scenario",
        &loud_file,
    ];
    let command = replay(&arguments, "");
    assert_eq!(command.matches("--scenario").count(), 1, "{command}");
    let both = write(folder.path(), "both.yaml", &format!("{calm}\n---\n{loud}"));
    let command = replay(&["-f", FLAGGER, "--scenario", &both], "");
    assert!(command.contains("both.yaml#mine/"), "{command}");
    let several = crate::coalmine(&["run", "-f", FLAGGER, "--scenario", &both]).output();
    let errors = String::from_utf8(several.expect("runs").stderr).expect("is UTF-8");
    let one = format!("{both}#mine/loud");
    assert!(errors.contains(&one), "{errors}");
    let command = replay(&["-f", FLAGGER, "--scenario", &one], "");
    assert!(command.contains("both.yaml#mine/loud'"), "{command}");
}

#[test]
fn standard_input_must_be_given_again_and_it_is_said() {
    let canary = std::fs::read_to_string(FLAGGER).expect("reads");
    let arguments = ["-f", "-", "--scenario", "steady/errors-20"];
    let command = replay(&arguments, &canary);
    assert!(command.contains("-f - "), "{command}");
    let mut all = vec!["score", "-q", "--runs", "5"];
    all.extend(arguments);
    let table = crate::coalmine(&all).write_stdin(canary).output();
    let table = String::from_utf8(table.expect("runs").stdout).expect("is UTF-8");
    let said = "To replay it, give the same standard input again:\n  coalmine run";
    assert!(table.contains(said), "{table}");
}
