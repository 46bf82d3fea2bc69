//! The difference of two texts as `git apply` and `patch -p1` take it.

use similar::TextDiff;

/// Unified, with three lines around each change; empty where the texts are the same.
#[must_use]
pub fn unified(file: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    // An absolute path would not apply anywhere else.
    let path = file.trim_start_matches("./").trim_start_matches('/');
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_has_its_files_and_three_lines_around() {
        let before = "1\n2\n3\n4\n5\r\n6\n7\n8\n9";
        let after = before.replace("5\r\n", "five\r\n");
        assert_eq!(
            unified("./x/a.yaml", before, &after),
            "--- a/x/a.yaml\n+++ b/x/a.yaml\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\r\n+five\r\n 6\n 7\n 8\n"
        );
        let end = unified("/a", "1\n2", "1\n3");
        assert!(
            end.ends_with("-2\n\\ No newline at end of file\n+3\n\\ No newline at end of file\n"),
            "{end:?}"
        );
        assert_eq!(unified("a", before, before), "");
    }
}
